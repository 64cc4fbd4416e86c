// SPDX-License-Identifier: Apache-2.0

/** What has happened so far in a run, counted by its connections. */
export interface Tally {
  sent: number
  /** Deliveries that arrived, over all subscribers. */
  received: number
  /** Publications that the broker is done with: PUBACK or PUBCOMP. */
  acknowledged: number
  /** The first thing that went wrong ends the run. */
  fault: string | null
  /** Called once for every chunk that made a difference. */
  onProgress: () => void
}

export function newTally(): Tally {
  return { sent: 0, received: 0, acknowledged: 0, fault: null, onProgress: () => undefined }
}

export function fail(tally: Tally, fault: string): void {
  tally.fault ??= fault
  tally.onProgress()
}
