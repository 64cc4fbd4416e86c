// SPDX-License-Identifier: Apache-2.0
import type { Folders } from '../config/folders.ts'
import type { EventLog } from '../log/event-log.ts'
import type { MainLog } from '../log/main-log.ts'
import type { Metrics } from '../metrics/metrics.ts'

/** What is there before the configuration is read. */
export interface Surroundings {
  readonly folders: Folders
  readonly logger: MainLog
  readonly metrics: Metrics
  /** Null where there are no log files. */
  readonly eventLog: EventLog | null
  /** Ends the process when all that was said is written, in its order. */
  readonly exit: (code: number) => Promise<never>
}
