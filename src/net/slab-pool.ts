// SPDX-License-Identifier: Apache-2.0

// Output of a turn is collected in slabs. A link has one only while it has output, so idle connections hold none. It
// starts with a small one; a link that fills it gets a large one for the rest of the turn.

/** Enough for the answers of a turn, small enough for ten thousand links at once. */
export const SMALL_SLAB = 4096
/** More than the longest packet that is encoded in place (MAX_RESERVE); larger gave no more messages per second. */
export const LARGE_SLAB = 65_536
/** Free slabs that are kept. A burst beyond it is left to the garbage collector. */
const MAX_FREE_BYTES = 8 * 1024 * 1024

const free: { readonly [size: number]: Buffer[] } = { [SMALL_SLAB]: [], [LARGE_SLAB]: [] }
let freeBytes = 0

export function takeSlab(size: typeof SMALL_SLAB | typeof LARGE_SLAB): Buffer {
  const slab = free[size]!.pop()
  if (slab === undefined) return Buffer.allocUnsafeSlow(size)
  freeBytes -= size
  return slab
}

/** Gives a slab back; nobody may write to it or read from it any more. */
export function releaseSlab(slab: Buffer): void {
  if (freeBytes + slab.length > MAX_FREE_BYTES) return
  freeBytes += slab.length
  free[slab.length]!.push(slab)
}
