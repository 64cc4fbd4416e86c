// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { logConfig } from './log-config.ts'
import { parseConfig } from './parse-config.ts'

/** What is logged of a file, with its level. */
function log(xml: string): string[] {
  const lines: string[] = []
  const write =
    (level: string) =>
    (text: string): void =>
      void lines.push(`${level} ${text}`)
  const logger = { debug: write('DEBUG'), info: write('INFO'), warn: write('WARN'), error: write('ERROR') }
  logConfig(parseConfig(Buffer.from(xml), '/opt/conf/config.xml', {}, '/opt'), logger)
  return lines
}

const LISTENER = `<listeners><tls-tcp-listener><port>8883</port><name>a</name>
  <tls><keystore><path>key.jks</path><password>hidden</password></keystore></tls></tls-tcp-listener></listeners>`

describe('logConfig', () => {
  it('tells what differs from the defaults in one line, without secrets', () => {
    const xml = `<hivemq>${LISTENER}
<persistence><client-session><queued-messages><max-queued-messages>5</max-queued-messages></queued-messages></client-session></persistence>
<mqtt><keep-alive><max-keep-alive>65535</max-keep-alive></keep-alive><session-expiry><max-interval>-1</max-interval></session-expiry></mqtt>
</hivemq>`
    const lines = log(xml)
    expect(lines.filter((line) => line.startsWith('INFO Settings'))).toEqual([
      'INFO Settings beside the defaults: ' +
        'listeners/tls-tcp-listener[a]/port = 8883, listeners/tls-tcp-listener[a]/name = a, ' +
        'listeners/tls-tcp-listener[a]/tls/keystore/path = /opt/key.jks, ' +
        'listeners/tls-tcp-listener[a]/tls/keystore/password = ***, ' +
        'mqtt/queued-messages/max-queue-size = 5, mqtt/session-expiry/max-interval = 0',
    ])
    expect(lines).toContain(
      'DEBUG Setting mqtt/queued-messages/max-queue-size = 5 (config.xml:3, legacy element persistence/client-session/queued-messages/max-queued-messages)',
    )
    expect(lines).toContain('DEBUG Setting mqtt/keep-alive/max-keep-alive = 65535 (config.xml:4)')
    expect(lines).toContain('DEBUG Setting mqtt/keep-alive/allow-unlimited = true (default)')
    expect(lines).toContain('DEBUG Setting listeners/tls-tcp-listener[a]/tls/handshake-timeout = 10000 (default)')
    expect(lines.join('\n')).not.toContain('hidden')
  })

  it('says so when nothing differs', () => {
    expect(log('<hivemq/>').filter((line) => line.startsWith('INFO'))).toEqual([
      'INFO All settings have their defaults',
    ])
  })

  it('logs each complaint at its level, and no settings when the broker does not start', () => {
    const lines = log(
      '<hivemq><typo/><listeners><tcp-listener/></listeners><mqtt-addons><dead-messages-topic><enabled>true</enabled></dead-messages-topic></mqtt-addons></hivemq>',
    )
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['WARN', 'ERROR', 'INFO'])
    for (const line of lines) expect(line).toContain('/opt/conf/config.xml:1:')
  })

  it('keeps the line at a length that a log can take', () => {
    const listener = (i: number): string => `<tcp-listener><port>1</port><name>a${i}</name></tcp-listener>`
    const listeners = Array.from({ length: 10_000 }, (_, i) => listener(i)).join('')
    const [line] = log(`<hivemq><listeners>${listeners}</listeners></hivemq>`)
    expect(line).toMatch(/, and 19800 more$/)
    expect(line!.length).toBeLessThan(20_000)
    const protocols = '<subprotocol>a</subprotocol>'.repeat(10_000)
    const [long] = log(
      `<hivemq><listeners><websocket-listener><port>1</port><subprotocols>${protocols}</subprotocols></websocket-listener></listeners></hivemq>`,
    )
    expect(long!.length).toBeLessThan(3000)
  })

  it('does not let a value break the line', () => {
    const lines = log(
      '<hivemq><listeners><tcp-listener><port>1</port><name>a&#10;ERROR</name></tcp-listener></listeners></hivemq>',
    )
    expect(lines.join('\n')).toContain('name = a\\u{000a}ERROR')
  })
})
