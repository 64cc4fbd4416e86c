// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BrokerSettings, DEFAULT_SETTINGS } from '../broker/settings.ts'
import { formatComplaint } from './complaint.ts'
import type { Environment } from './environment.ts'
import { type Config, DEFAULT_CONFIG, parseConfig } from './parse-config.ts'

const UMH_FILES = join(import.meta.dirname, '../../test/compat/config')

function read(xml: string, environment: Environment = {}): { config: Config | null; complaints: string[] } {
  const { config, complaints } = parseConfig(Buffer.from(xml), 'config.xml', environment, '/opt/hivemq')
  return { config, complaints: complaints.map(formatComplaint) }
}

/** Defaults but for these. */
function configWith(settings: Partial<BrokerSettings>): Config {
  return { ...DEFAULT_CONFIG, settings: { ...DEFAULT_SETTINGS, ...settings } }
}

describe('parseConfig', () => {
  it('gives the defaults of HiveMQ for an empty root', () => {
    expect(read('<hivemq/>')).toEqual({ config: DEFAULT_CONFIG, complaints: [] })
    expect(DEFAULT_CONFIG.settings).toMatchObject({
      maxQueueSize: 1000,
      queuedMessagesStrategy: 'discard',
      sessionExpiryMaxInterval: 4_294_967_295,
      messageExpiryMaxInterval: 4_294_967_296,
      serverReceiveMaximum: 10,
      maxPacketSize: 268_435_460,
      maxKeepAlive: 65_535,
      allowUnlimitedKeepAlive: true,
      topicAliasMaxPerClient: 5,
      allowEmptyClientIdEnabled: true,
      utf8ValidationEnabled: true,
      payloadFormatValidationEnabled: false,
      maxConnections: -1,
      maxClientIdLength: 65_535,
      maxTopicLength: 65_535,
      noConnectIdleTimeout: 10_000,
    })
  })

  it('reads children in any order, with comments and CDATA between', () => {
    const xml = `<hivemq>
      <security><allow-empty-client-id><!-- no --><enabled>false</enabled></allow-empty-client-id></security>
      <mqtt>
        <packets><max-packet-size><![CDATA[1024]]></max-packet-size></packets>
        <queued-messages><strategy>discard-oldest</strategy><max-queue-size>5</max-queue-size></queued-messages>
      </mqtt>
    </hivemq>`
    const settings = {
      allowEmptyClientIdEnabled: false,
      maxPacketSize: 1024,
      queuedMessagesStrategy: 'discard-oldest',
      maxQueueSize: 5,
    } as const
    expect(read(xml)).toEqual({ config: configWith(settings), complaints: [] })
  })

  it('lets the last of what is given twice count, section by section', () => {
    const xml = `<hivemq>
<mqtt><packets><max-packet-size>1</max-packet-size></packets><typo/></mqtt>
<mqtt><keep-alive><max-keep-alive>2</max-keep-alive></keep-alive>
<keep-alive><allow-unlimited>false</allow-unlimited></keep-alive>
<quality-of-service><max-qos>0</max-qos><max-qos>1</max-qos></quality-of-service></mqtt>
</hivemq>`
    const again = (line: number): string =>
      `found an element that is given again in line ${line}, expected it once; it is ignored, the last one counts`
    expect(read(xml)).toEqual({
      config: configWith({ allowUnlimitedKeepAlive: false, maxQos: 1 }),
      complaints: [
        `config.xml:2:1: mqtt: ${again(3)}`,
        `config.xml:3:7: mqtt/keep-alive: ${again(4)}`,
        `config.xml:5:21: mqtt/quality-of-service/max-qos: ${again(5)}`,
      ],
    })
  })

  it('complains once per path of unknown elements, and not of what they hold', () => {
    const xml = `<hivemq>
<clusters><enabled>true</enabled></clusters><clusters/>
<MQTT/>
<mqtt><max-qos>1</max-qos><quality-of-service><max-qos>1<sub/></max-qos></quality-of-service></mqtt>
<waggle><threads>2</threads><persistence><durabilty>os</durabilty></persistence></waggle>
<mqtt-addons><dead/></mqtt-addons>
</hivemq>`
    const sections =
      'expected one of listeners, mqtt, restrictions, security, anonymous-usage-statistics, persistence, waggle'
    expect(read(xml)).toEqual({
      config: configWith({ maxQos: 1 }),
      complaints: [
        `config.xml:2:1: clusters: found an unknown element, ${sections}; it is ignored`,
        `config.xml:3:1: MQTT: found an unknown element, ${sections}; it is ignored`,
        'config.xml:4:7: mqtt/max-qos: found an unknown element, expected one of queued-messages, retained-messages, wildcard-subscriptions, shared-subscriptions, subscription-identifier, quality-of-service, topic-alias, message-expiry, session-expiry, keep-alive, packets, receive-maximum; it is ignored',
        'config.xml:4:57: mqtt/quality-of-service/max-qos/sub: found an unknown element, expected no elements here; it is ignored',
        'config.xml:5:9: waggle/threads: found an unknown element, expected one of persistence, throttling, compatibility, memory, logging, watchdog, listeners; it is ignored',
        'config.xml:5:42: waggle/persistence/durabilty: found an unknown element, expected one of durability, max-disk-usage, queue-share; it is ignored',
        'config.xml:6:14: mqtt-addons/dead: found an unknown element, expected one of dead-messages-topic, expired-messages-topic, dropped-messages-topic; it is ignored',
      ],
    })
  })

  it('complains of attributes, but not of those that are for XML', () => {
    const xml = `<hivemq xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="config.xsd">
<mqtt><quality-of-service><max-qos value="0" xml:space="default"/></quality-of-service></mqtt>
<listeners><tcp-listener name="a"><port>1</port></tcp-listener></listeners>
</hivemq>`
    const attribute = (name: string): string =>
      `found the attribute ${name}, expected no attributes, since values stand in elements; it is ignored`
    expect(read(xml).complaints).toEqual([
      `config.xml:2:27: mqtt/quality-of-service/max-qos: ${attribute('value')}`,
      `config.xml:3:12: listeners/tcp-listener: ${attribute('name')}`,
    ])
  })

  it('reads our own settings, which may stand in an empty element', () => {
    expect(read('<hivemq><waggle/></hivemq>')).toEqual({ config: DEFAULT_CONFIG, complaints: [] })
    const xml = `<hivemq>
      <persistence><mode>in-memory</mode></persistence>
      <waggle><persistence><durability>os</durability><max-disk-usage>20000000</max-disk-usage><queue-share>60</queue-share></persistence></waggle>
    </hivemq>`
    const persistence = { mode: 'in-memory', durability: 'os', maxDiskUsage: 20_000_000, queueShare: 60 } as const
    expect(read(xml)).toEqual({ config: { ...DEFAULT_CONFIG, persistence }, complaints: [] })
  })

  it.each([
    ['<Listeners><tcp-listener><port>8883</port></tcp-listener></Listeners>', 'Listeners/tcp-listener', 'tcp-listener'],
    ['<mqtt><tls-tcp-listener/></mqtt>', 'mqtt/tls-tcp-listener', 'tls-tcp-listener'],
    ['<websocket-listener><port>8000</port></websocket-listener>', 'websocket-listener', 'websocket-listener'],
  ])('does not open plain MQTT in place of a listener that stands in the wrong place: %s', (content, path, name) => {
    const { config, complaints } = read(`<hivemq>${content}</hivemq>`)
    expect(config).toBeNull()
    expect(complaints).toContainEqual(
      expect.stringContaining(
        `${path}: found a listener in the wrong place, expected listeners/${name}; the broker does not start`,
      ),
    )
  })

  it('does not mind the name of the root, but says so', () => {
    const xml = '<broker><mqtt><quality-of-service><max-qos>0</max-qos></quality-of-service></mqtt></broker>'
    expect(read(xml)).toEqual({
      config: configWith({ maxQos: 0 }),
      complaints: ['config.xml:1:1: found the root element broker, expected hivemq; it is read all the same'],
    })
  })

  it('reads a file with a default namespace by local name', () => {
    const xml =
      '<hivemq xmlns="http://example.com"><mqtt><quality-of-service><max-qos>0</max-qos></quality-of-service></mqtt></hivemq>'
    const { config, complaints } = read(xml)
    expect(config).toEqual(configWith({ maxQos: 0 }))
    expect(complaints).toEqual([expect.stringContaining('in a namespace')])
  })

  it('replaces placeholders before it parses', () => {
    const xml =
      '<hivemq>\n<!-- ${SECTION} --><${SECTION}><quality-of-service><max-qos>${ENV:QOS}</max-qos></quality-of-service><typo/></${SECTION}></hivemq>'
    const { config, complaints } = read(xml, { SECTION: 'mqtt', QOS: ' 1\n' })
    expect(config).toEqual(configWith({ maxQos: 1 }))
    // The place is that of the file as the operator sees it.
    expect(complaints).toEqual([expect.stringMatching(/^config\.xml:2:102: mqtt\/typo: /)])
  })

  it('refuses what a placeholder breaks', () => {
    expect(read('<hivemq>\n<name>${PASSWORD}</name></hivemq>', { PASSWORD: 'a&b c' })).toEqual({
      config: null,
      complaints: [
        'config.xml:2:7: found "Unterminated reference (a reference must end with `;`)", expected well-formed XML, with &amp; in place of &; the broker does not start',
      ],
    })
  })

  it.each([
    ['a placeholder that is not set', '<hivemq><!-- ${NOT_SET} --></hivemq>'],
    ['malformed XML', '<hivemq><mqtt></hivemq>'],
    ['a DOCTYPE', '<!DOCTYPE hivemq><hivemq/>'],
    ['an empty file', ''],
    ['a NUL', '<hivemq>\0</hivemq>'],
  ])('gives no configuration for %s', (_name, xml) => {
    const { config, complaints } = read(xml)
    expect(config).toBeNull()
    expect(complaints).toHaveLength(1)
  })

  it('tells of everything that is wrong at once, in the order of the file', () => {
    const xml = `<hivemq>
<mqtt><quality-of-service><max-qos>7</max-qos></quality-of-service></mqtt>
<listeners><tcp-listener><port>x</port></tcp-listener></listeners>
<restrictions><max-topic-length>0</max-topic-length></restrictions>
</hivemq>`
    const { config, complaints } = read(xml)
    expect(config).toBeNull()
    expect(complaints).toEqual([
      'config.xml:2:27: mqtt/quality-of-service/max-qos: found "7", expected a whole number from 0 to 2; the default, 2, is used',
      'config.xml:3:26: listeners/tcp-listener/port: found "x", expected a whole number from 1 to 65535; the broker does not start',
      'config.xml:4:15: restrictions/max-topic-length: found "0", expected a whole number from 1 to 65535; the default, 65535, is used',
    ])
  })

  it('C-35: reads what the United Manufacturing Hub ships, both listeners of it', () => {
    const { config, complaints } = read(readFileSync(join(UMH_FILES, 'umh/era-b.xml'), 'utf8'))
    expect(config).toMatchObject({
      ...DEFAULT_CONFIG,
      listeners: [
        { kind: 'tcp', name: 'hivemq-mqtt', bindAddress: '0.0.0.0', port: 1883 },
        {
          kind: 'tls-tcp',
          name: 'hivemq-secure-mqtt',
          bindAddress: '0.0.0.0',
          port: 8883,
          tls: {
            keystore: { path: '/stores/keystore.jks', password: 'changeme', privateKeyPassword: 'changeme' },
            truststore: { path: '/stores/truststore.jks', password: 'changeme' },
            clientAuthenticationMode: 'OPTIONAL',
            protocols: ['TLSv1.3', 'TLSv1.2'],
            preferServerCipherSuites: true,
          },
        },
      ],
      settings: {
        ...DEFAULT_SETTINGS,
        allowEmptyClientIdEnabled: false,
        retainedMessagesEnabled: false,
        maxQueueSize: 1_800_000,
        queuedMessagesStrategy: 'discard-oldest',
        deadMessagesTopicEnabled: true,
        expiredMessagesTopicEnabled: true,
        droppedMessagesTopicEnabled: true,
      },
    })
    expect(complaints.map((complaint) => complaint.replace(/^config\.xml:\d+:\d+: ([^:]*):.*$/, '$1'))).toEqual([
      'persistence',
      'persistence/client-session/queued-messages/max-queued-messages',
      'persistence/client-session/queued-messages/queued-messages-strategy',
      'mqtt-addons/dead-messages-topic/enabled',
      'mqtt-addons/expired-messages-topic/enabled',
      'mqtt-addons/dropped-messages-topic/enabled',
    ])
  })

  it('never throws, and has a configuration if and only if no complaint is an error', () => {
    const tokens = [
      '<hivemq> </hivemq> <mqtt> </mqtt> <listeners> </listeners> <tcp-listener> </tcp-listener> <port> </port> 1883',
      '<a b=" "> /> < > <!-- --> <![CDATA[ ]]> <? ?> <!DOCTYPE & &amp; ${A} ${ } \' 🐝 \u0001 \0',
    ].flatMap((line) => line.split(' '))
    const token = fc.constantFrom(...tokens, ' ', '\n', '\r')
    fc.assert(
      fc.property(fc.array(token), fc.boolean(), (parts, isWrapped) => {
        const text = isWrapped ? `<hivemq>${parts.join('')}</hivemq>` : parts.join('')
        const { config, complaints } = parseConfig(Buffer.from(text), 'config.xml', { A: '<b/>' }, '/opt/hivemq')
        expect(config === null).toBe(complaints.some((complaint) => complaint.severity === 'error'))
      }),
      { numRuns: 1000 },
    )
  })
})
