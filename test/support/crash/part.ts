// SPDX-License-Identifier: Apache-2.0

/** One kind of load, with the clients that make it and what they know of the broker's promises. */
export interface Part {
  /** All that it knows: plain data, so that a copy of it is the part as it was at that moment. */
  readonly memory: object
  /** Once, with a broker that is new. */
  setUp(): Promise<void>
  /** With a broker that has just started: what was promised is there. */
  verify(): Promise<void>
  /** Works with the broker until it goes down. */
  run(): Promise<void>
  /** Everything that is under way comes to its end, and nothing is missing then. */
  settle(): Promise<void>
  /** Its clients are gone. */
  end(): Promise<void>
}
