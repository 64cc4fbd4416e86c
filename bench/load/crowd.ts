// SPDX-License-Identifier: Apache-2.0

/** Connections that are being opened at the same time; about what a broker's accept queue always holds. */
const AT_ONCE = 64

/** Does `one` for each of `count`, several at a time. */
export async function inParallel(count: number, one: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await one(next++)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, worker))
}
