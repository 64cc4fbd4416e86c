// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { BrokerSettings } from '../broker/settings.ts'
import { formatComplaint } from './complaint.ts'
import { type Config, DEFAULT_CONFIG, parseConfig } from './parse-config.ts'

// What HiveMQ CE was seen to make of files, and where Waggle is deliberately different: a number that is none keeps the
// default instead of 0, a word that is none its element's default instead of everybody's, and a broken file does not start.

interface Vector {
  readonly name: string
  readonly xml: string
  /** Null when the broker does not start. */
  readonly settings: Partial<BrokerSettings> | null
  readonly severities?: readonly string[]
}

const mqtt = (content: string): string => `<hivemq><mqtt>${content}</mqtt></hivemq>`
const WARNED = ['warning']

const VECTORS: readonly Vector[] = [
  { name: '1: an empty root', xml: '<hivemq/>', settings: {} },
  {
    name: '4: a QoS out of range',
    xml: mqtt('<quality-of-service><max-qos>3</max-qos></quality-of-service>'),
    settings: { maxQos: 2 },
    severities: WARNED,
  },
  {
    name: '5: a QoS that is no number (HiveMQ CE: 0, in silence)',
    xml: mqtt('<quality-of-service><max-qos>x</max-qos></quality-of-service>'),
    settings: { maxQos: 2 },
    severities: WARNED,
  },
  {
    name: '6: a receive maximum below its range',
    xml: mqtt('<receive-maximum><server-receive-maximum>0</server-receive-maximum></receive-maximum>'),
    settings: { serverReceiveMaximum: 10 },
    severities: WARNED,
  },
  {
    name: '6: a receive maximum above its range',
    xml: mqtt('<receive-maximum><server-receive-maximum>70000</server-receive-maximum></receive-maximum>'),
    settings: { serverReceiveMaximum: 65_535 },
    severities: WARNED,
  },
  {
    name: '7: topic aliases below their range',
    xml: mqtt('<topic-alias><max-per-client>0</max-per-client></topic-alias>'),
    settings: { topicAliasMaxPerClient: 1 },
    severities: WARNED,
  },
  {
    name: '7: topic aliases above their range',
    xml: mqtt('<topic-alias><max-per-client>70000</max-per-client></topic-alias>'),
    settings: { topicAliasMaxPerClient: 65_535 },
    severities: WARNED,
  },
  {
    name: '8: a session expiry below its range',
    xml: mqtt('<session-expiry><max-interval>-5</max-interval></session-expiry>'),
    settings: { sessionExpiryMaxInterval: 0 },
    severities: WARNED,
  },
  {
    name: '8: a session expiry above its range',
    xml: mqtt('<session-expiry><max-interval>4294967296</max-interval></session-expiry>'),
    settings: { sessionExpiryMaxInterval: 4_294_967_295 },
    severities: WARNED,
  },
  {
    name: '9: a message expiry of 0',
    xml: mqtt('<message-expiry><max-interval>0</max-interval></message-expiry>'),
    settings: { messageExpiryMaxInterval: 4_294_967_296 },
    severities: WARNED,
  },
  {
    name: '10: a strategy in capitals (HiveMQ CE: everything is default)',
    xml: mqtt(
      '<queued-messages><strategy>DISCARD</strategy><max-queue-size>7</max-queue-size></queued-messages>' +
        '<packets><max-packet-size>100</max-packet-size></packets>',
    ),
    settings: { queuedMessagesStrategy: 'discard', maxQueueSize: 7, maxPacketSize: 100 },
    severities: WARNED,
  },
  {
    name: '11: a boolean in capitals (HiveMQ CE: false)',
    xml: '<hivemq><security><allow-empty-client-id><enabled>TRUE</enabled></allow-empty-client-id></security></hivemq>',
    settings: { allowEmptyClientIdEnabled: true },
    severities: WARNED,
  },
  {
    name: '14: a placeholder without a variable, in a comment (HiveMQ CE: everything is default)',
    xml: '<hivemq><!-- ${NOT_SET} --></hivemq>',
    settings: null,
    severities: ['error'],
  },
  { name: 'an empty file (HiveMQ CE: everything is default)', xml: '', settings: null, severities: ['error'] },
  {
    name: 'a blank before the declaration',
    xml: ' <?xml version="1.0"?><hivemq/>',
    settings: null,
    severities: ['error'],
  },
  {
    name: 'a number with a plus and blanks',
    xml: mqtt('<packets><max-packet-size> +10 24 </max-packet-size></packets>'),
    settings: { maxPacketSize: 1024 },
  },
  {
    name: 'a number beyond 64 bits (HiveMQ CE: modulo)',
    xml: mqtt('<session-expiry><max-interval>18446744073709551616</max-interval></session-expiry>'),
    settings: { sessionExpiryMaxInterval: 4_294_967_295 },
    severities: WARNED,
  },
]

function read(xml: string): { config: Config | null; severities: string[]; lines: string[] } {
  const { config, complaints } = parseConfig(Buffer.from(xml), 'c', {}, '/opt/hivemq')
  return { config, severities: complaints.map(({ severity }) => severity), lines: complaints.map(formatComplaint) }
}

describe('the test vectors of HiveMQ CE', () => {
  it.each(VECTORS)('$name', ({ xml, settings, severities }) => {
    const reading = read(xml)
    if (settings === null) expect(reading.config).toBeNull()
    else expect(reading.config).toEqual({ ...DEFAULT_CONFIG, settings: { ...DEFAULT_CONFIG.settings, ...settings } })
    expect(reading.severities).toEqual(severities ?? [])
  })

  it('2: a port with a blank within', () => {
    const { config, severities } = read(
      '<hivemq><listeners><tcp-listener><port>18 85</port></tcp-listener></listeners></hivemq>',
    )
    expect(config?.listeners).toMatchObject([{ port: 1885, name: 'tcp-listener-1885', bindAddress: '0.0.0.0' }])
    expect(severities).toEqual([])
  })

  it('3: two listeners of one name', () => {
    const listener = (port: number): string => `<tcp-listener><port>${port}</port><name>a</name></tcp-listener>`
    const { config, severities } = read(`<hivemq><listeners>${listener(1)}${listener(2)}</listeners></hivemq>`)
    expect(config?.listeners.map(({ name }) => name)).toEqual(['a', 'a-1'])
    expect(severities).toEqual(WARNED)
  })

  it('12: a persistence mode that is none (HiveMQ CE: everything is default)', () => {
    const { config, severities } = read(
      '<hivemq><persistence><mode>memory</mode></persistence><listeners><tcp-listener><port>7</port></tcp-listener></listeners></hivemq>',
    )
    expect(config?.persistence.mode).toBe('file')
    expect(config?.listeners).toMatchObject([{ port: 7 }])
    expect(severities).toEqual(WARNED)
  })
})
