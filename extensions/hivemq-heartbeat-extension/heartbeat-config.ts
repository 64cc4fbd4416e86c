// SPDX-License-Identifier: Apache-2.0
import { readXml, type XmlElement, XmlFault } from 'waggle/extension'
import type { AddressReading } from '../http-endpoint/configured-endpoint.ts'
import { type EndpointAddress, isPort, PORTS } from '../http-endpoint/http-endpoint.ts'

export const DEFAULT_ADDRESS: EndpointAddress = { host: '0.0.0.0', port: 9090, path: '/heartbeat' }

const ROOT = 'heartbeat-extension-configuration'

/**
 * Reads extension-config.xml, or conf/config.xml as later versions call it. A setting that is wrong becomes its default, and a
 * warning; in HiveMQ a port above 65535 and a path without a slash end the extension, and with it the pod.
 */
export function readHeartbeatConfig(text: string): AddressReading {
  let root: XmlElement
  try {
    root = readXml(text)
  } catch (error) {
    if (!(error instanceof XmlFault)) throw error
    return { address: null, warnings: [`line ${error.line}: ${error.message}`] }
  }
  if (root.name !== ROOT) {
    const warning = `line ${root.line}: found the root element ${root.name}, expected ${ROOT}`
    return { address: null, warnings: [warning] }
  }
  const warnings: string[] = []
  /** The text of an element; of one that is given again the last counts, and an empty one is as if it were not there. */
  const valueOf = (name: string, standard: string, expected: string, isValid: (text: string) => boolean): string => {
    const element = root.children.findLast((child) => child.name === name)
    const value = element?.text.trim() ?? ''
    if (element === undefined || value === '') return standard
    if (isValid(value)) return value
    const found = `found ${JSON.stringify(value)}, expected ${expected}`
    warnings.push(`line ${element.line}: ${name}: ${found}; ${standard} is used`)
    return standard
  }
  const { host, port, path } = DEFAULT_ADDRESS
  const address = {
    host: valueOf('bind-address', host, 'an address', () => true),
    port: Number(valueOf('port', String(port), PORTS, isPort)),
    path: valueOf('path', path, 'a path that begins with /', (value) => value.startsWith('/')),
  }
  return { address, warnings }
}
