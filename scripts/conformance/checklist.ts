// SPDX-License-Identifier: Apache-2.0

/** A line of the checklist: one duty of the broker, as it can be seen from outside. */
export interface Row {
  readonly row: string
  readonly section: string
  readonly statements: readonly string[]
  /** Names of versions, as in protocol scripts. */
  readonly versions: readonly string[]
  readonly must: string
}

/** Rows and statements for which there is no test, or no line, and why. */
export interface Exemption {
  readonly reason: string
  readonly rows?: readonly string[]
  readonly statements?: readonly string[]
}

export interface Checklist {
  /** All of the specification. */
  readonly statements: readonly string[]
  readonly rows: readonly Row[]
  /** Waits for a part of the broker that does not exist yet. */
  readonly open: readonly Exemption[]
  /** Asks nothing of a server, or nothing of this one. */
  readonly exempt: readonly Exemption[]
}

/** Statements of 3.1.1 and 5.0 have numbers of their own; those of 3.1 have none. */
export function versionOfStatement(statement: string): string {
  return statement.startsWith('MQTT4-') ? '3.1.1' : '5'
}
