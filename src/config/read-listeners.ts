// SPDX-License-Identifier: Apache-2.0
import { collectValues, complainOfText } from './collect-values.ts'
import { DOES_NOT_START, quoted } from './complaint.ts'
import type { ConfigElement } from './config-element.ts'
import type { ListenerConfig } from './listener-config.ts'
import { pathOf, TCP_LISTENER_PATH } from './element-paths.ts'
import { parseInteger } from './parse-value.ts'
import type { Reporter } from './reporter.ts'

/** The names in use, each with the last suffix that it was tried with. */
type NamesInUse = Map<string, number>

const PLAIN_TCP = { kind: 'tcp', tls: null, websocket: null, proxyProtocol: null } as const
const ANY_ADDRESS = '0.0.0.0'
const MAX_PORT = 65_535

/** What HiveMQ opens when its file names no listener. */
export const DEFAULT_LISTENER: ListenerConfig = {
  ...PLAIN_TCP,
  name: defaultName(1883),
  bindAddress: ANY_ADDRESS,
  port: 1883,
}

/** The listeners of all `listeners` sections together. */
export function readListeners(sections: readonly ConfigElement[], reporter: Reporter): ListenerConfig[] {
  const listeners: ListenerConfig[] = []
  const names: NamesInUse = new Map()
  let hasTcpListener = false
  for (const section of sections) {
    complainOfText(section, 'listeners', reporter)
    for (const element of section.children) {
      const path = pathOf('listeners', element.name)
      if (path !== TCP_LISTENER_PATH) {
        reporter.complainOfUnknown(element, 'listeners', path)
        continue
      }
      hasTcpListener = true
      const listener = readTcpListener(element, names, reporter)
      if (listener !== null) listeners.push(listener)
    }
  }
  if (hasTcpListener) return listeners
  const unopened = sections.find((section) => section.children.length > 0)
  if (unopened === undefined) return [DEFAULT_LISTENER]
  // HiveMQ would now open plain MQTT for everybody: not what a file that asks for TLS only, or misspells it, means.
  reporter.complain({
    severity: 'error',
    ...unopened.place,
    path: 'listeners',
    found: 'no listener that can be opened',
    expected: 'a tcp-listener, or no listener at all for plain MQTT on port 1883',
    consequence: DOES_NOT_START,
  })
  return []
}

function readTcpListener(element: ConfigElement, names: NamesInUse, reporter: Reporter): ListenerConfig | null {
  const values = collectValues(element, TCP_LISTENER_PATH, reporter)
  const valueOf = (name: string): ConfigElement | undefined => values.get(pathOf(TCP_LISTENER_PATH, name))
  const port = readPort(valueOf('port'), element, reporter)
  if (port === null) return null
  const name = valueOf('name')
  return {
    ...PLAIN_TCP,
    name: uniqueName(name?.text || defaultName(port), name ?? element, names, reporter),
    bindAddress: valueOf('bind-address')?.text || ANY_ADDRESS,
    port,
  }
}

/** HiveMQ opens any free port when this one is missing or no number; here that is an error. */
function readPort(given: ConfigElement | undefined, listener: ConfigElement, reporter: Reporter): number | null {
  const port = given === undefined ? null : parseInteger(given.text)
  if (port !== null && port >= 1 && port <= MAX_PORT) return port
  reporter.complain({
    severity: 'error',
    ...(given ?? listener).place,
    path: pathOf(TCP_LISTENER_PATH, 'port'),
    found: given === undefined ? 'no such element' : quoted(given.text),
    expected: `a whole number from 1 to ${MAX_PORT}`,
    consequence: DOES_NOT_START,
  })
  return null
}

function defaultName(port: number): string {
  return `tcp-listener-${port}`
}

/** Extensions and log lines tell listeners apart by name. */
function uniqueName(name: string, element: ConfigElement, names: NamesInUse, reporter: Reporter): string {
  let unique = name
  let suffix = names.get(name) ?? 0
  while (names.has(unique)) unique = `${name}-${++suffix}`
  names.set(name, suffix).set(unique, names.get(unique) ?? 0)
  if (unique !== name) {
    reporter.complain({
      severity: 'warning',
      ...element.place,
      path: pathOf(TCP_LISTENER_PATH, 'name'),
      found: `${quoted(name)}, the name of another listener`,
      expected: 'a name of its own',
      consequence: `${quoted(unique)} is used`,
    })
  }
  return unique
}
