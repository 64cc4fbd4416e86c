// SPDX-License-Identifier: Apache-2.0

/** How a process is started. */
export interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
}

/** A broker that can be measured. */
export interface BrokerKind {
  readonly name: string
  readonly hasMqtt5: boolean
  /** One line: version, and what is started. Or, as `missing`, why it cannot be. */
  describe(): { readonly text: string } | { readonly missing: string }
  /** What starts it on `port` of 127.0.0.1; files that it needs are written to `folder`, which is its own. */
  prepare(port: number, folder: string): Command
}
