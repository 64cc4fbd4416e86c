// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { type BrokerSettings, DEFAULT_SETTINGS } from '../broker/settings.ts'
import { formatComplaint } from './complaint.ts'
import { parseConfig } from './parse-config.ts'

interface Reading {
  readonly settings: Partial<BrokerSettings>
  readonly complaints: string[]
}

/** Settings that differ from the defaults, and complaints with their severity. */
function read(content: string): Reading {
  const { config, complaints } = parseConfig(Buffer.from(`<hivemq>${content}</hivemq>`), 'c', {}, '/opt/hivemq')
  const changed = Object.entries(config!.settings).filter(
    ([field, value]) => value !== DEFAULT_SETTINGS[field as keyof BrokerSettings],
  )
  return {
    settings: Object.fromEntries(changed),
    complaints: complaints.map((complaint) => `${complaint.severity} ${formatComplaint(complaint)}`),
  }
}

const queue = (limit: string, strategy = 'discard-oldest'): string =>
  `<persistence><client-session><queued-messages>
<max-queued-messages>${limit}</max-queued-messages>
<queued-messages-strategy>${strategy}</queued-messages-strategy></queued-messages></client-session></persistence>`
const LIMIT = 'persistence/client-session/queued-messages/max-queued-messages'
const STRATEGY = 'persistence/client-session/queued-messages/queued-messages-strategy'
const IGNORE = '<waggle><compatibility><legacy-elements>ignore</legacy-elements></compatibility></waggle>'

describe('the queue limit of HiveMQ 3', () => {
  it('is honoured, and said', () => {
    const found = 'found an element of HiveMQ 3 that HiveMQ CE ignores, expected its successor mqtt/queued-messages'
    expect(read(queue('1800000'))).toEqual({
      settings: { maxQueueSize: 1_800_000, queuedMessagesStrategy: 'discard-oldest' },
      complaints: [
        `info c:2:1: ${LIMIT}: ${found}; 1800000 is used`,
        `info c:3:1: ${STRATEGY}: ${found}; discard-oldest is used`,
      ],
    })
  })

  it('has the default of HiveMQ 3 in place of what is no number or no strategy', () => {
    const { settings, complaints } = read(queue('many', 'oldest'))
    expect(settings).toEqual({})
    expect(complaints).toEqual([
      `warning c:2:1: ${LIMIT}: found "many", expected a whole number; the default, 1000, is used`,
      expect.stringContaining('; 1000 is used'),
      `warning c:3:1: ${STRATEGY}: found "oldest", expected discard or discard-oldest; the default, discard, is used`,
      expect.stringContaining('; discard is used'),
    ])
  })

  it('yields to its successor, wherever that stands', () => {
    const successor = '<mqtt><queued-messages><max-queue-size>7</max-queue-size></queued-messages></mqtt>'
    for (const content of [`${queue('5')}${successor}`, `${successor}${queue('5')}`]) {
      const { settings, complaints } = read(content)
      expect(settings).toEqual({ maxQueueSize: 7 })
      expect(complaints).toEqual([
        expect.stringMatching(/^warning .*and its successor mqtt\/queued-messages in line \d, .*the successor counts$/),
        expect.stringMatching(/^warning .*the successor counts$/),
      ])
    }
  })

  it('does nothing when it is empty', () => {
    expect(read(queue('', ''))).toEqual({ settings: {}, complaints: [] })
  })
})

describe('mqtt-addons', () => {
  it.each([
    ['dead-messages-topic', 'deadMessagesTopicEnabled'],
    ['expired-messages-topic', 'expiredMessagesTopicEnabled'],
    ['dropped-messages-topic', 'droppedMessagesTopicEnabled'],
  ])('%s is honoured, and said', (name, field) => {
    const found = "found an element of HiveMQ's commercial editions that HiveMQ CE ignores"
    expect(read(`<mqtt-addons><${name}><enabled>true</enabled></${name}></mqtt-addons>`)).toEqual({
      settings: { [field]: true },
      complaints: [
        expect.stringMatching(new RegExp(`^info c:1:\\d+: mqtt-addons/${name}/enabled: ${found}; true is used$`)),
      ],
    })
    expect(read(`<mqtt-addons><${name}><enabled>false</enabled></${name}></mqtt-addons>`).settings).toEqual({})
    expect(read(`<mqtt-addons><${name}><enabled>yes</enabled></${name}></mqtt-addons>`).settings).toEqual({})
  })
})

describe('waggle/compatibility/legacy-elements', () => {
  it('brings back what HiveMQ CE does with them', () => {
    const addOn = '<mqtt-addons><dead-messages-topic><enabled>true</enabled></dead-messages-topic></mqtt-addons>'
    const { settings, complaints } = read(`${queue('nonsense')}${addOn}${IGNORE}`)
    expect(settings).toEqual({})
    expect(complaints).toHaveLength(3)
    for (const complaint of complaints) {
      expect(complaint).toMatch(/^info .*; it is ignored, as waggle\/compatibility\/legacy-elements asks$/)
    }
  })
})

describe('the modes of HiveMQ 3', () => {
  const persistence = (rest: string, incoming = 'file'): string => `<persistence>
<message-flow><incoming><mode>${incoming}</mode></incoming></message-flow>
<retained-messages><mode>in-memory</mode></retained-messages>${rest}</persistence>`
  const found =
    'persistence: found modes of HiveMQ 3 for message-flow/incoming, retained-messages, expected persistence/mode for all of them'

  it('are accepted, in one line', () => {
    expect(read(persistence(''))).toEqual({
      settings: {},
      complaints: [`info c:2:25: ${found}; everything is kept in files, as in HiveMQ CE`],
    })
    expect(read(persistence('<mode>file</mode>')).complaints).toEqual([
      `info c:2:25: ${found}; persistence/mode counts`,
    ])
  })

  it('are warned of where all ask for memory and persistence/mode does not decide', () => {
    const files = `${found}; everything is kept in files, as in HiveMQ CE`
    expect(read(persistence('', 'in-memory')).complaints).toEqual([`warning c:2:25: ${files}`])
    expect(read(persistence('<mode>in-memory</mode>', 'in-memory')).complaints).toEqual([
      `info c:2:25: ${found}; persistence/mode counts`,
    ])
  })

  it('are complained of where they are none', () => {
    expect(read(persistence('', 'disk')).complaints).toContain(
      'warning c:2:25: persistence/message-flow/incoming/mode: found "disk", expected file or in-memory; it is ignored',
    )
  })
})

describe('elements that other editions of HiveMQ have', () => {
  it.each([
    [
      'mqtt/max-client-id-length',
      'found an element of HiveMQ 3, expected its successor restrictions/max-client-id-length',
    ],
    [
      'mqtt/no-connect-packet-idle-timeout-millis',
      'found an element of HiveMQ 3, expected its successor restrictions/no-connect-idle-timeout',
    ],
    [
      'mqtt/max-queued-messages',
      'found an element of HiveMQ 3, expected its successor mqtt/queued-messages/max-queue-size',
    ],
    ['mqtt/retry-interval', 'found an element of HiveMQ 3; it is ignored, MQTT sends again on a new connection only'],
    ['throttling/max-connections', 'found an element of HiveMQ 3, expected its successor restrictions/max-connections'],
    [
      'throttling/max-message-size',
      'found an element of HiveMQ 3, expected its successor mqtt/packets/max-packet-size',
    ],
    [
      'throttling/incoming-limit',
      'found an element of HiveMQ 3, expected its successor restrictions/incoming-bandwidth-throttling',
    ],
    ['throttling/outgoing-limit', 'found an element of HiveMQ 3; it is ignored, what leaves is not limited'],
    ['shared-subscriptions', 'found an element of HiveMQ 3; it is ignored, clients share subscriptions with $share/…'],
    ['general', 'found an element of HiveMQ 3; it is ignored, there is no such thing here'],
    ['cluster', "found an element of HiveMQ's commercial editions; it is ignored, a broker is one process"],
  ])('%s is warned of once, with its successor', (path, complaint) => {
    const names = path.split('/')
    const element = names.reduceRight((content, name) => `<${name}>${content}</${name}>`, '<a>1</a>')
    const { settings, complaints } = read(element + element)
    expect(settings).toEqual({})
    expect(complaints.filter((line) => line.includes('HiveMQ'))).toEqual([expect.stringMatching(/^warning c:1:\d+: /)])
    expect(complaints.find((line) => line.includes('HiveMQ'))).toContain(`: ${path}: ${complaint}`)
  })
})
