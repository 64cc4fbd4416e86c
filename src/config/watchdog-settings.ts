// SPDX-License-Identifier: Apache-2.0

/** waggle/watchdog: what becomes of extensions that hold the event loop. */
export interface WatchdogSettings {
  /** Milliseconds after which a callback is named; 0: nobody watches. */
  readonly warnAfter: number
  /** Seconds after which the process is ended; 0 for never. */
  readonly exitAfter: number
}

/**
 * The process is not ended by default. In Kubernetes the liveness probe does that, and the log says why. Without one somebody has
 * to see to it that it is started again, and what is held in memory only is lost, so that is for the operator to choose.
 */
export const DEFAULT_WATCHDOG: WatchdogSettings = { warnAfter: 200, exitAfter: 0 }
