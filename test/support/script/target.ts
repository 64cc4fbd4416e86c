// SPDX-License-Identifier: Apache-2.0

/** One connection of a script's client to the broker under test. */
export interface TargetStream {
  /** Resolves when the bytes were handed over. */
  send(bytes: Buffer): Promise<void>
  /** All that came and was not taken yet. */
  readonly received: Buffer
  /** Takes a range out of what came. */
  take(start: number, end: number): void
  /** The broker has ended the connection. */
  readonly isEnded: boolean
  drop(): void
  block(): void
  unblock(): void
}

/** A broker under test. */
export interface Target {
  open(): Promise<TargetStream>
  /** Waits for what the broker has to do: until it has answered what it got, or, where that cannot be known, until `isDone`. */
  settle(isDone: () => boolean): Promise<void>
  /** Waits for what the broker may do unasked: until nothing more is to be expected. */
  quiet(): Promise<void>
  advance(ms: number): Promise<void>
  /** `downMs` passes while no broker is there. */
  restart(downMs: number): Promise<void>
  crash(downMs: number): Promise<void>
  stop(): Promise<void>
}

/** How a script's input is cut into chunks. */
export type Chunking = 'whole' | 'byte by byte' | 'coalesced'
