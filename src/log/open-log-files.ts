// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, statSync } from 'node:fs'
import type { Logger } from '../broker/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { DailyRolling } from './daily-rolling.ts'
import { eventLine } from './event-log.ts'
import { formatText } from './log-line.ts'
import type { LineTarget } from './main-log.ts'
import { missingLines, reportTrouble } from './missing-lines.ts'
import { type Rolling, RollingFile } from './rolling-file.ts'
import { SizeRolling } from './size-rolling.ts'

/** As in HiveMQ. */
const MAIN_LOG = 'hivemq'
export const MAIN_LOG_FILE: string = `${MAIN_LOG}.log`

/** Nobody who watches a file notices; a process that is killed takes so much with it. */
const HOLD_MS = 100

interface LogFilesParts {
  readonly folder: string
  /** Somebody wants log files there: the folder is made if there is none. */
  readonly isAskedFor: boolean
  readonly logger: Logger
  readonly metrics: Metrics
  readonly wallTime: () => number
}

/**
 * hivemq.log and event.log, or null: without a folder for them there is the console alone, as in HiveMQ without a
 * logback.xml. In a container, files that nobody has asked for would fill a layer that nobody looks at.
 */
export function openLogFiles(parts: LogFilesParts): { main: LineTarget; events: LineTarget } | null {
  const { folder, isAskedFor, logger, metrics, wallTime } = parts
  if (!isAskedFor && !isFolder(folder)) return null
  const open = (rolling: Rolling, lossLine: (count: number) => string): RollingFile =>
    new RollingFile({
      folder,
      rolling,
      wallTime,
      lossLine,
      holdMs: HOLD_MS,
      onDrop: () => metrics.logLinesDropped++,
      onTrouble: (error) => reportTrouble(rolling.fileName, error, logger),
    })
  try {
    mkdirSync(folder, { recursive: true })
    return {
      main: open(new DailyRolling(MAIN_LOG), (count) =>
        formatText({ wallTime: wallTime(), level: 'WARN', text: missingLines(count) }),
      ),
      events: open(new SizeRolling('event'), (count) => eventLine(wallTime(), missingLines(count))),
    }
  } catch (error) {
    logger.warn(`There are no log files, only the console: ${(error as Error).message}`)
    return null
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
