// SPDX-License-Identifier: Apache-2.0

/** Both count from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** Finds line and column of an offset; both the offset and the column count UTF-16 code units. */
export function lineIndex(text: string): (offset: number) => Place {
  const lineStarts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1)
  return (offset) => {
    const line = lastAtOrBelow(lineStarts, offset)
    return { line: line + 1, column: offset - lineStarts[line]! + 1 }
  }
}

/** The index of the last of the ascending `numbers` that is not above `limit`; the first one must not be. */
export function lastAtOrBelow(numbers: readonly number[], limit: number): number {
  let low = 0
  let high = numbers.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (numbers[middle]! <= limit) low = middle
    else high = middle - 1
  }
  return low
}
