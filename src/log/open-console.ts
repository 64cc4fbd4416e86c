// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '../broker/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { formatJson, formatText, type LogFormat } from './log-line.ts'
import { LossyWriter } from './lossy-writer.ts'
import type { LineTarget } from './main-log.ts'
import { missingLines, reportTrouble } from './missing-lines.ts'

const STANDARD_OUTPUT = 1

/** Standard output, as a target that does not wait for whoever reads it. */
export function openConsole(
  format: LogFormat,
  parts: { readonly logger: Logger; readonly metrics: Metrics; readonly wallTime: () => number },
): LineTarget {
  // Node makes a pipe or a socket non-blocking when it is first asked for, and puts it back when the process ends. Otherwise
  // a reader that does not read would hold a thread for ever, and with it the end of the process.
  void process.stdout
  const { logger, metrics, wallTime } = parts
  const toLine = format === 'json' ? formatJson : formatText
  return new LossyWriter({
    fd: STANDARD_OUTPUT,
    lossLine: (count) => toLine({ wallTime: wallTime(), level: 'WARN', text: missingLines(count) }),
    onDrop: () => metrics.logLinesDropped++,
    onTrouble: (error) => reportTrouble('the console', error, logger),
  })
}
