// SPDX-License-Identifier: Apache-2.0

/** A fault of our own: something that the code around it promises cannot be. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

/** Throws when `condition` does not hold. The connection that provoked it is closed, the broker lives on. */
export function invariant(condition: boolean, text: string): asserts condition {
  if (!condition) throw new InvariantError(text)
}
