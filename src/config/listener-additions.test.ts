// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { formatComplaint } from './complaint.ts'
import type { ListenerConfig } from './listener-config.ts'
import { parseConfig } from './parse-config.ts'

/** Two plain listeners, `a` and `b`, and what `waggle/listeners` holds. */
function read(added: string, listeners = LISTENERS): { listeners: readonly ListenerConfig[]; complaints: string[] } {
  const xml = `<hivemq>${listeners}\n<waggle><listeners>\n${added}</listeners></waggle></hivemq>`
  const { config, complaints } = parseConfig(Buffer.from(xml), 'c', {}, '/opt/hivemq')
  return { listeners: config?.listeners ?? [], complaints: complaints.map(formatComplaint) }
}

const LISTENERS = `<listeners><tcp-listener><port>1</port><name>a</name></tcp-listener>
  <tcp-listener><port>2</port><name>b</name></tcp-listener></listeners>`

const listener = (name: string, content: string): string => `<listener><name>${name}</name>${content}</listener>`
const proxied = (networks: string, rest = ''): string =>
  `<proxy-protocol><trusted-networks>${networks}</trusted-networks>${rest}</proxy-protocol>`
const NETWORK = '<network>10.0.0.0/8</network>'
const PATH = 'waggle/listeners/listener'
const STOPS = 'the broker does not start'

describe('waggle/listeners', () => {
  it('adds to the listener of its name, wherever it stands', () => {
    const added = listener('b', proxied(NETWORK, '<timeout>100</timeout>'))
    const { listeners, complaints } = read(added)
    expect(listeners.map(({ proxyProtocol }) => proxyProtocol)).toEqual([
      null,
      { trustedNetworks: ['10.0.0.0/8'], timeout: 100 },
    ])
    expect(complaints).toEqual([])
  })

  it('proposes some of many names', () => {
    const listeners = Array.from(
      { length: 1000 },
      (_, i) => `<tcp-listener><port>1</port><name>a${i}</name></tcp-listener>`,
    )
    const { complaints } = read(listener('b', ''), `<listeners>${listeners.join('')}</listeners>`)
    expect(complaints).toEqual([expect.stringMatching(/expected one of a0, .*, a19; the broker does not start$/)])
  })

  it('adds to the listener that is opened when the file names none', () => {
    const { listeners, complaints } = read(listener('tcp-listener-1883', proxied(NETWORK)), '')
    expect(listeners).toMatchObject([{ port: 1883, proxyProtocol: { timeout: 5000 } }])
    expect(complaints).toEqual([])
  })

  it('takes networks and single addresses of both versions', () => {
    const networks = ['10.1.2.3', '192.168.0.0/16', '0.0.0.0/0', ' fd00::/8 ', '::1', '::/0', '10.0.0.0/08']
    const { listeners, complaints } = read(
      listener('a', proxied(networks.map((network) => `<network>${network}</network>`).join(''))),
    )
    expect(listeners[0]?.proxyProtocol?.trustedNetworks).toEqual([
      '10.1.2.3/32',
      '192.168.0.0/16',
      '0.0.0.0/0',
      'fd00::/8',
      '::1/128',
      '::/0',
      '10.0.0.0/8',
    ])
    expect(complaints).toEqual([])
  })

  it.each(['10.0.0.0/33', '10.0.0/8', 'fd00::/129', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1', 'fe80::1%eth0', 'all'])(
    'refuses %s as a network',
    (network) => {
      expect(read(listener('a', proxied(`${NETWORK}<network>${network}</network>`)))).toEqual({
        listeners: [],
        complaints: [
          `c:4:88: ${PATH}/proxy-protocol/trusted-networks/network: found "${network}", expected an address like 10.0.0.1 or a network like 10.0.0.0/8; ${STOPS}`,
        ],
      })
    },
  )

  it.each([
    [listener('c', ''), `c:4:11: ${PATH}/name: found "c", which no listener is named, expected one of a, b`],
    ['<listener/>', `c:4:1: ${PATH}/name: found no name, expected the name of a listener`],
    [
      listener('a', '') + listener('a', ''),
      `c:4:46: ${PATH}/name: found "a" a second time, expected each listener once`,
    ],
    [
      listener('a', '<proxy-protocol/>'),
      `c:4:25: ${PATH}/proxy-protocol/trusted-networks: found no network, expected at least one network`,
    ],
    [
      listener('a', proxied(NETWORK, '<timeout>0</timeout>')),
      `c:4:107: ${PATH}/proxy-protocol/timeout: found "0", expected a whole number from 1 to 2147483647`,
    ],
    [
      listener('a', proxied(NETWORK, '<time>0</time>')),
      `c:4:107: ${PATH}/proxy-protocol/time: found an unknown element, expected one of trusted-networks, timeout`,
    ],
    [
      listener('a', '<tls/>'),
      `c:4:25: ${PATH}/tls: found TLS for "a", a listener without TLS, expected a listener with TLS`,
    ],
    ['<listner/>', 'c:4:1: waggle/listeners/listner: found an unknown element, expected one of listener'],
    ['text', 'c:3:9: waggle/listeners: found text, expected elements only'],
  ])('stops the start with what it does not understand: %s', (added, complaint) => {
    expect(read(added)).toEqual({ listeners: [], complaints: [`${complaint}; ${STOPS}`] })
  })
})
