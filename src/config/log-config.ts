// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '../broker/logger.ts'
import { formatComplaint } from './complaint.ts'
import { formatEffectiveSetting, formatOrigin } from './effective-setting.ts'
import type { ConfigReading } from './parse-config.ts'

/** Several times what a long file of a person has. */
const MAX_IN_ONE_LINE = 200

/** What an operator has to know of the configuration at start: all complaints, and what differs from the defaults. */
export function logConfig({ file, config, complaints, effective }: ConfigReading, logger: Logger): void {
  for (const complaint of complaints) {
    const line = formatComplaint(complaint)
    if (complaint.severity === 'error') logger.error(line)
    else if (complaint.severity === 'warning') logger.warn(line)
    else logger.info(line)
  }
  if (config === null) return
  const changed = effective.filter(({ isDefault }) => !isDefault).map(formatEffectiveSetting)
  const left = changed.splice(MAX_IN_ONE_LINE).length
  if (left > 0) changed.push(`and ${left} more`)
  logger.info(
    changed.length === 0 ? 'All settings have their defaults' : `Settings beside the defaults: ${changed.join(', ')}`,
  )
  for (const setting of effective) {
    logger.debug(`Setting ${formatEffectiveSetting(setting)} (${formatOrigin(setting, file)})`)
  }
}
