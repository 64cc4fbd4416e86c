// SPDX-License-Identifier: Apache-2.0
import { complainOfAttributes, complainOfText } from './collect-values.ts'
import { DOES_NOT_START, quoted } from './complaint.ts'
import type { ConfigElement } from './config-element.ts'
import type { EffectiveSetting } from './effective-setting.ts'
import { ElementReader } from './element-reader.ts'
import { pathOf } from './element-paths.ts'
import type { ListenerAdditions } from './listener-additions.ts'
import type { ListenerConfig } from './listener-config.ts'
import { COMMON, LISTENER_TYPES, type ListenerType } from './listener-elements.ts'
import { readProxyProtocol } from './read-proxy-protocol.ts'
import { readTls } from './read-tls.ts'
import { readWebSocket } from './read-websocket.ts'
import type { Reporter } from './reporter.ts'

/** The names in use, each with the last suffix that it was tried with. */
type NamesInUse = Map<string, number>

const DEFAULT_PORT = 1883

/** What HiveMQ opens when its file names no listener. */
export const DEFAULT_LISTENER: ListenerConfig = {
  kind: 'tcp',
  name: defaultName('tcp-listener', DEFAULT_PORT),
  bindAddress: COMMON.bindAddress.default,
  port: DEFAULT_PORT,
  tls: null,
  websocket: null,
  proxyProtocol: null,
}

export const DEFAULT_LISTENER_SETTINGS: readonly EffectiveSetting[] = [
  ['port', `${DEFAULT_PORT}`],
  ['bind-address', DEFAULT_LISTENER.bindAddress],
].map(([path, value]) => ({
  path: `listeners/tcp-listener[${DEFAULT_LISTENER.name}]/${path!}`,
  value: value!,
  isDefault: true,
  place: null,
  legacyPath: null,
}))

export interface ListenerReading {
  readonly listeners: readonly ListenerConfig[]
  readonly effective: readonly EffectiveSetting[]
}

/** The listeners of all `listeners` sections together. */
export function readListeners(
  sections: readonly ConfigElement[],
  additions: ListenerAdditions,
  home: string,
  reporter: Reporter,
): ListenerReading {
  const listeners: ListenerConfig[] = []
  const effective: EffectiveSetting[] = []
  const names: NamesInUse = new Map()
  let hasListener = false
  for (const section of sections) {
    complainOfText(section, 'listeners', reporter)
    complainOfAttributes(section, 'listeners', reporter)
    for (const element of section.children) {
      const path = pathOf('listeners', element.name)
      const type = LISTENER_TYPES.get(element.name)
      if (type === undefined) {
        reporter.complainOfUnknown(element, 'listeners', path)
        continue
      }
      hasListener = true
      complainOfAttributes(element, path, reporter)
      const reader = new ElementReader(element, path, home, reporter)
      const listener = readListener(reader, type, names, additions)
      listeners.push(listener)
      effective.push(...reader.effective(listener.name))
    }
  }
  const unopened = sections.find((section) => section.children.length > 0)
  if (!hasListener && unopened === undefined) {
    listeners.push(applyAdditions(DEFAULT_LISTENER, additions))
    effective.push(...DEFAULT_LISTENER_SETTINGS)
  }
  additions.complainOfUnused(listeners.map(({ name }) => name))
  if (hasListener || unopened === undefined) {
    return { listeners, effective: [...effective, ...additions.effective()] }
  }
  // HiveMQ would now open plain MQTT for everybody: not what a file that misspells its listener means.
  reporter.complain({
    severity: 'error',
    ...unopened.place,
    path: 'listeners',
    found: 'no listener that can be opened',
    expected: `one of ${[...LISTENER_TYPES.keys()].join(', ')}, or no listener at all for plain MQTT on port ${DEFAULT_PORT}`,
    consequence: DOES_NOT_START,
  })
  return { listeners: [], effective: [] }
}

/** After an error there may be a value that nobody will see, like port 0. */
function readListener(
  reader: ElementReader,
  { kind }: ListenerType,
  names: NamesInUse,
  additions: ListenerAdditions,
): ListenerConfig {
  const givenPort = reader.port(COMMON.port)
  const port = givenPort ?? 0
  const wantedName = reader.text(COMMON.name) || defaultName(reader.section.name, port)
  // Names that come of no port would be alike for no other reason.
  const name = givenPort === null ? wantedName : uniqueName(wantedName, reader, names)
  reader.settle(COMMON.name, name, defaultName(reader.section.name, port))
  const addition = additions.take(name)
  return {
    kind,
    name,
    bindAddress: reader.text(COMMON.bindAddress),
    port,
    tls: kind === 'tls-tcp' || kind === 'tls-websocket' ? readTls(reader, addition) : refuseTls(addition, name),
    websocket: kind === 'websocket' || kind === 'tls-websocket' ? readWebSocket(reader) : null,
    proxyProtocol: addition === null ? null : readProxyProtocol(addition),
  }
}

function applyAdditions(listener: ListenerConfig, additions: ListenerAdditions): ListenerConfig {
  const addition = additions.take(listener.name)
  refuseTls(addition, listener.name)
  return addition === null ? listener : { ...listener, proxyProtocol: readProxyProtocol(addition) }
}

function refuseTls(addition: ElementReader | null, name: string): null {
  if (addition?.given('tls') !== undefined) {
    addition.refuse('tls', {
      found: `TLS for ${quoted(name)}, a listener without TLS`,
      expected: 'a listener with TLS',
    })
  }
  return null
}

function defaultName(elementName: string, port: number): string {
  return `${elementName}-${port}`
}

/** Extensions and log lines tell listeners apart by name. */
function uniqueName(name: string, reader: ElementReader, names: NamesInUse): string {
  let unique = name
  let suffix = names.get(name) ?? 0
  while (names.has(unique)) unique = `${name}-${++suffix}`
  names.set(name, suffix).set(unique, names.get(unique) ?? 0)
  if (unique !== name) {
    reader.complain(COMMON.name.path, {
      severity: 'warning',
      ...reader.placeOf(COMMON.name.path),
      found: `${quoted(name)}, the name of another listener`,
      expected: 'a name of its own',
      consequence: `${quoted(unique)} is used`,
    })
  }
  return unique
}
