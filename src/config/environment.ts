// SPDX-License-Identifier: Apache-2.0

/** Environment variables by name; only main.ts knows that they come from the process. */
export type Environment = Readonly<Record<string, string | undefined>>
