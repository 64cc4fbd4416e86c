// SPDX-License-Identifier: Apache-2.0

/** The value below which a share of `sorted` lies. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(Math.trunc(sorted.length * share), sorted.length - 1)] ?? Number.NaN
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2
}
