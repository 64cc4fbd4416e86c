// SPDX-License-Identifier: Apache-2.0
import { randomNumbers } from '../random.ts'

/** Choices that are the same for the same seed. */
export class Random {
  readonly below: (limit: number) => number

  constructor(seed: number) {
    this.below = randomNumbers(seed)
  }

  /** True in one of `count` cases. */
  oneIn(count: number): boolean {
    return this.below(count) === 0
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!
  }

  maybeOf<T>(choices: readonly T[]): T | undefined {
    return choices.length === 0 ? undefined : this.of(choices)
  }
}
