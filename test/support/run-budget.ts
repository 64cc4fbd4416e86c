// SPDX-License-Identifier: Apache-2.0

// Tests that try what comes to mind: a little in `npm test`, much more with WAGGLE_LONG=1. What fails names its seed, and
// WAGGLE_SEED=… runs it again.

/** The runs of `npm run check:all`. */
export const isLongRun: boolean = process.env['WAGGLE_LONG'] === '1'

export const seed: number = Number(process.env['WAGGLE_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
