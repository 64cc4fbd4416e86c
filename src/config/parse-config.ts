// SPDX-License-Identifier: Apache-2.0
import type { BrokerSettings } from '../broker/settings.ts'
import type { PersistenceSettings } from '../store/persistence-settings.ts'
import { textAsksForDefaults, withDefaultsUsed } from './broken-config.ts'
import { collectValues } from './collect-values.ts'
import type { CompatibilitySettings } from './compatibility-settings.ts'
import { type Complaint, DOES_NOT_START } from './complaint.ts'
import type { ConfigElement } from './config-element.ts'
import { decodeText } from './decode-text.ts'
import { pathOf } from './element-paths.ts'
import type { EffectiveSetting } from './effective-setting.ts'
import type { Environment } from './environment.ts'
import { ListenerAdditions } from './listener-additions.ts'
import type { ListenerConfig } from './listener-config.ts'
import { ADDITIONS_PATH, LISTENER_TYPES } from './listener-elements.ts'
import type { LoggingSettings } from './logging-settings.ts'
import { parseElements } from './parse-elements.ts'
import { replacePlaceholders } from './placeholders.ts'
import { DEFAULT_LISTENER, DEFAULT_LISTENER_SETTINGS, readListeners } from './read-listeners.ts'
import { DEFAULT_SETTING_READING, readSettings } from './read-settings.ts'
import { createReporter, type Reporter } from './reporter.ts'
import { DEFAULTS } from './setting-elements.ts'
import { shortenComplaints } from './shorten-complaints.ts'
import type { WatchdogSettings } from './watchdog-settings.ts'

/** What config.xml says, checked and complete. */
export interface Config {
  readonly listeners: readonly ListenerConfig[]
  readonly settings: BrokerSettings
  readonly persistence: PersistenceSettings
  readonly compatibility: CompatibilitySettings
  readonly logging: LoggingSettings
  readonly watchdog: WatchdogSettings
}

export interface ConfigReading {
  readonly file: string
  /** Null when a complaint is an error, unless the file asks for the defaults then. */
  readonly config: Config | null
  /** In the order of the file. */
  readonly complaints: readonly Complaint[]
  /** What the broker runs with, element by element; empty without a configuration. */
  readonly effective: readonly EffectiveSetting[]
}

/** What HiveMQ runs with when there is no config.xml. */
export const DEFAULT_CONFIG: Config = {
  listeners: [DEFAULT_LISTENER],
  settings: DEFAULTS.broker,
  persistence: DEFAULTS.persistence,
  compatibility: DEFAULTS.compatibility,
  logging: DEFAULTS.logging,
  watchdog: DEFAULTS.watchdog,
}

/** The same, element by element. */
export const DEFAULT_EFFECTIVE: readonly EffectiveSetting[] = [
  ...DEFAULT_LISTENER_SETTINGS,
  ...DEFAULT_SETTING_READING.effective,
]

interface Parsed {
  readonly config: Config
  readonly effective: readonly EffectiveSetting[]
}

/** Reads the bytes of a config.xml; `file` is its name for complaints, `home` the folder that files in it count from. */
export function parseConfig(bytes: Uint8Array, file: string, environment: Environment, home: string): ConfigReading {
  const reporter = createReporter(file)
  const text = decodeText(bytes, reporter)
  const root = text === null ? null : parseRoot(text, environment, reporter)
  const parsed = root === null ? null : configOf(root, home, reporter)
  const complaints = shortenComplaints(reporter.complaints, file)
  if (parsed !== null && !complaints.some(({ severity }) => severity === 'error'))
    return { file, ...parsed, complaints }
  const asksForDefaults =
    parsed === null
      ? text !== null && textAsksForDefaults(text)
      : parsed.config.compatibility.onBrokenConfig === 'defaults'
  return asksForDefaults
    ? { file, config: DEFAULT_CONFIG, complaints: withDefaultsUsed(complaints), effective: DEFAULT_EFFECTIVE }
    : { file, config: null, complaints, effective: [] }
}

function parseRoot(text: string, environment: Environment, reporter: Reporter): ConfigElement | null {
  const source = replacePlaceholders(text, environment, reporter)
  return source === null ? null : parseElements(source, reporter)
}

/** A misspelled `listeners` would leave the default one, plain MQTT for everybody, in place of what the file asks for. */
function refuseStrayListeners(section: ConfigElement, reporter: Reporter): void {
  for (const element of [section, ...section.children]) {
    if (!LISTENER_TYPES.has(element.name)) continue
    reporter.complain({
      severity: 'error',
      ...element.place,
      path: element === section ? element.name : pathOf(section.name, element.name),
      found: 'a listener in the wrong place',
      expected: `listeners/${element.name}`,
      consequence: DOES_NOT_START,
    })
  }
}

function configOf(root: ConfigElement, home: string, reporter: Reporter): Parsed {
  if (root.name !== 'hivemq') {
    reporter.complain({
      severity: 'warning',
      ...root.place,
      path: '',
      found: `the root element ${root.name}`,
      expected: 'hivemq',
      consequence: 'it is read all the same',
    })
  }
  // Listeners add up; of every other section the last one counts.
  const sections = root.children.filter((child) => child.name === 'listeners')
  const others = root.children.filter((child) => child.name !== 'listeners')
  for (const section of others) refuseStrayListeners(section, reporter)
  const values = collectValues({ ...root, children: others }, '', reporter)
  const additions = new ListenerAdditions(values.get(ADDITIONS_PATH), home, reporter)
  const { listeners, effective: ofListeners } = readListeners(sections, additions, home, reporter)
  const { settings, effective: ofSettings } = readSettings(values, reporter)
  const { broker, ...owned } = settings
  return {
    config: { listeners, settings: broker, ...owned },
    effective: [...ofListeners, ...ofSettings],
  }
}
