// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { formatComplaint } from './complaint.ts'
import type { ListenerConfig } from './listener-config.ts'
import { parseConfig } from './parse-config.ts'
import { DEFAULT_LISTENER } from './read-listeners.ts'

function read(xml: string): { listeners: readonly ListenerConfig[] | null; complaints: string[] } {
  const { config, complaints } = parseConfig(Buffer.from(`<hivemq>${xml}</hivemq>`), 'c', {}, '/opt/hivemq')
  return { listeners: config?.listeners ?? null, complaints: complaints.map(formatComplaint) }
}

function tcp(content: string): string {
  return `<tcp-listener>${content}</tcp-listener>`
}

const DEFAULT = {
  listeners: [{ name: 'tcp-listener-1883', bindAddress: '0.0.0.0', port: 1883 }],
  complaints: [],
} as const

describe('listeners', () => {
  it.each(['', '<listeners/>', '<listeners> <!-- none --> </listeners>', '<listeners/><listeners/>'])(
    'are one on 0.0.0.0:1883 when the file has none: %j',
    (xml) => {
      expect(read(xml)).toMatchObject(DEFAULT)
      expect([DEFAULT_LISTENER]).toMatchObject(DEFAULT.listeners)
    },
  )

  it('have a port, an address and a name', () => {
    const xml = tcp('<port>1884</port><bind-address>127.0.0.1</bind-address><name>plain</name>')
    expect(read(`<listeners>${xml}</listeners>`)).toMatchObject({
      listeners: [{ name: 'plain', bindAddress: '127.0.0.1', port: 1884 }],
      complaints: [],
    })
  })

  it.each([
    ['<port>18 85</port>', 1885],
    ['<port>+1884</port>', 1884],
    ['<port>\n\t1886\n</port>', 1886],
    ['<port>1</port><bind-address/><name> </name>', 1],
    ['<port>65535</port><bind-address>  </bind-address>', 65_535],
  ])('have defaults for what is missing or blank: %j', (content, port) => {
    expect(read(`<listeners>${tcp(content)}</listeners>`)).toMatchObject({
      listeners: [{ name: `tcp-listener-${port}`, bindAddress: '0.0.0.0', port }],
      complaints: [],
    })
  })

  it('lose blanks around address and name', () => {
    const xml = tcp('<port>1883</port><bind-address>\n ::1 </bind-address><name> my name\t</name>')
    expect(read(`<listeners>${xml}</listeners>`).listeners).toMatchObject([
      { name: 'my name', bindAddress: '::1', port: 1883 },
    ])
  })

  it.each([
    ['<port/>', '1:34', 'no number'],
    ['<port> </port>', '1:34', 'no number'],
    ['<port>0</port>', '1:34', '"0"'],
    ['<port>-1</port>', '1:34', '"-1"'],
    ['<port>65536</port>', '1:34', '"65536"'],
    ['<port>4294969179</port>', '1:34', '"4294969179"'],
    ['<port>mqtt</port>', '1:34', '"mqtt"'],
    ['<name>a</name>', '1:20', 'no such element'],
  ])('need a port: %s', (content, place, found) => {
    expect(read(`<listeners>${tcp(content)}</listeners>`)).toMatchObject({
      listeners: null,
      complaints: [
        `c:${place}: listeners/tcp-listener/port: found ${found}, expected a whole number from 1 to 65535; the broker does not start`,
      ],
    })
  })

  it('get names of their own', () => {
    const names = ['a', 'a', 'a-1', 'a', 'b']
    const xml = names.map((name, i) => tcp(`<port>${1000 + i}</port><name>${name}</name>`)).join('\n')
    const { listeners, complaints } = read(`<listeners>\n${xml}</listeners>`)
    expect(listeners?.map((listener) => listener.name)).toEqual(['a', 'a-1', 'a-1-1', 'a-2', 'b'])
    expect(complaints).toEqual([
      'c:3:32: listeners/tcp-listener/name: found "a", the name of another listener, expected a name of its own; "a-1" is used',
      'c:4:32: listeners/tcp-listener/name: found "a-1", the name of another listener, expected a name of its own; "a-1-1" is used',
      'c:5:32: listeners/tcp-listener/name: found "a", the name of another listener, expected a name of its own; "a-2" is used',
    ])
  })

  it('get names of their own when the port names them', () => {
    const xml = tcp('<port>1883</port>') + tcp('<port>1883</port><bind-address>::1</bind-address>')
    const { listeners, complaints } = read(`<listeners>${xml}</listeners>`)
    expect(listeners?.map((listener) => listener.name)).toEqual(['tcp-listener-1883', 'tcp-listener-1883-1'])
    expect(complaints).toHaveLength(1)
  })

  it('add up over several sections', () => {
    const section = (port: number): string => `<listeners>${tcp(`<port>${port}</port>`)}</listeners>`
    const { listeners, complaints } = read(`${section(1883)}<mqtt/>${section(1884)}`)
    expect(listeners?.map((listener) => listener.port)).toEqual([1883, 1884])
    expect(complaints).toEqual([])
  })

  it('take the last of what is given twice', () => {
    const { listeners, complaints } = read(`<listeners>${tcp('<port>1</port>\n<port>2</port>')}</listeners>`)
    expect(listeners?.[0]?.port).toBe(2)
    expect(complaints).toEqual([
      'c:1:34: listeners/tcp-listener/port: found an element that is given again in line 2, expected it once; it is ignored, the last one counts',
    ])
  })

  it('are of four kinds, each named after its element', () => {
    const store = '<tls><keystore><path>k</path></keystore></tls>'
    const xml = ['tcp', 'tls-tcp', 'websocket', 'tls-websocket']
      .map(
        (kind, i) => `<${kind}-listener><port>${i + 1}</port>${kind.startsWith('tls') ? store : ''}</${kind}-listener>`,
      )
      .join('')
    const { listeners, complaints } = read(`<listeners>${xml}</listeners>`)
    expect(listeners?.map(({ kind, name, tls, websocket }) => [kind, name, tls !== null, websocket !== null])).toEqual([
      ['tcp', 'tcp-listener-1', false, false],
      ['tls-tcp', 'tls-tcp-listener-2', true, false],
      ['websocket', 'websocket-listener-3', false, true],
      ['tls-websocket', 'tls-websocket-listener-4', true, true],
    ])
    expect(complaints).toEqual([])
  })

  it('say once per name that others are unknown', () => {
    const xml = `${tcp('<port>1883</port>')}\n<quic-listener/>\n<quic-listener/>`
    const { listeners, complaints } = read(`<listeners>${xml}</listeners>`)
    expect(listeners).toHaveLength(1)
    expect(complaints).toEqual([
      'c:2:1: listeners/quic-listener: found an unknown element, expected one of tcp-listener, tls-tcp-listener, websocket-listener, tls-websocket-listener; it is ignored',
    ])
  })

  it('do not become an open port 1883 when none of those in the file can be opened', () => {
    const { listeners, complaints } = read(
      '<listeners><tls-tcp-listner><port>8883</port></tls-tcp-listner></listeners>',
    )
    expect(listeners).toBeNull()
    expect(complaints).toContain(
      'c:1:9: listeners: found no listener that can be opened, expected one of tcp-listener, tls-tcp-listener, websocket-listener, tls-websocket-listener, or no listener at all for plain MQTT on port 1883; the broker does not start',
    )
  })

  it('may not have tls where it would do nothing: the operator believes that it is there', () => {
    const { listeners, complaints } = read(`<listeners>${tcp('<port>8883</port><tls/>')}</listeners>`)
    expect(listeners).toBeNull()
    expect(complaints).toEqual([
      'c:1:51: listeners/tcp-listener/tls: found tls in a listener without TLS, expected a tls-tcp-listener; the broker does not start',
    ])
  })

  it('say what they cannot use', () => {
    const content = '<port>1883</port><port-number>1</port-number>8'
    const { complaints } = read(`<listeners>text${tcp(content)}${tcp(content.replace('1883', '1884'))}</listeners>`)
    expect(complaints).toEqual([
      'c:1:9: listeners: found the text "text", expected elements only; it is ignored',
      'c:1:24: listeners/tcp-listener: found the text "8", expected elements only; it is ignored',
      'c:1:55: listeners/tcp-listener/port-number: found an unknown element, expected one of port, bind-address, name; it is ignored',
      'c:1:99: listeners/tcp-listener: found the text "8", expected elements only; it is ignored',
    ])
  })
})
