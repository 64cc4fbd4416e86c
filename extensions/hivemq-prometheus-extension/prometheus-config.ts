// SPDX-License-Identifier: Apache-2.0
import { Properties } from 'properties-file/parser'
import type { AddressReading } from '../http-endpoint/configured-endpoint.ts'
import { type EndpointAddress, isPort, PORTS } from '../http-endpoint/http-endpoint.ts'

/** What HiveMQ's extension ships with; the United Manufacturing Hub has the same. */
export const SHIPPED_ADDRESS: EndpointAddress = { host: '0.0.0.0', port: 9399, path: '/metrics' }

const KEYS = ['ip', 'port', 'metric_path']

/**
 * Reads prometheusConfiguration.properties, or conf/config.properties as later versions call it. A setting that is wrong or
 * missing becomes what HiveMQ ships with, and a warning; in HiveMQ there are no metrics then.
 */
export function readPrometheusConfig(text: string): AddressReading {
  let properties: Properties
  try {
    properties = new Properties(text)
  } catch (error) {
    return { address: null, warnings: [(error as Error).message] }
  }
  if (!KEYS.some((key) => properties.getEffectiveProperty(key) !== undefined)) {
    return { address: null, warnings: [`found none of ${KEYS.join(', ')}`] }
  }
  const warnings: string[] = []
  const valueOf = (key: string, standard: string, expected: string, isValid: (value: string) => boolean): string => {
    const property = properties.getEffectiveProperty(key)
    const value = property?.value.trim() ?? ''
    if (isValid(value)) return value
    const found = property === undefined ? '' : `line ${property.startingLineNumber}: `
    const what = property === undefined ? 'is missing' : `found ${JSON.stringify(value)}`
    warnings.push(`${found}${key}: ${what}, expected ${expected}; ${standard} is used`)
    return standard
  }
  const { host, port, path } = SHIPPED_ADDRESS
  const address = {
    host: valueOf('ip', host, 'an address', (value) => value !== ''),
    port: Number(valueOf('port', String(port), PORTS, isPort)),
    path: valueOf('metric_path', path, 'a path that begins with /', (value) => value.startsWith('/')),
  }
  return { address, warnings }
}
