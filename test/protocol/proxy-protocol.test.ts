// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { connect } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { ProxyProtocol } from '../../src/net/proxy-protocol.ts'
import type { ListenerStages } from '../../src/net/tcp-listener.ts'
import type { TimerWheel } from '../../src/util/timer-wheel.ts'
import { bytes } from '../support/bytes.ts'
import { binary, RawWebSocket, upgradeRequest } from '../support/raw-web-socket.ts'
import { openSocket, SocketStream } from '../support/script/socket-stream.ts'
import { newWebSocketAcceptor } from '../support/script/web-socket-wire.ts'
import { StagedBroker } from '../support/staged-broker.ts'
import { newTlsAcceptor } from '../support/tls/tls-wire.ts'

const CONNECT = bytes("10 RL s'MQTT' 04 02 0000 s'proxied'")
const CONNACK = bytes('20 02 00 00')
const V1 = Buffer.from('PROXY TCP4 203.0.113.7 192.0.2.1 51034 1883\r\n')
const SIGNATURE = '0D0A0D0A000D0A515549540A'
const V2_IPV4 = bytes(`${SIGNATURE} 21 11 000C CB007107 C0000201 C75A 075B`)
const V2_IPV6 = bytes(
  `${SIGNATURE} 21 21 0024 20010DB8000000000000000000000007 20010DB8000000000000000000000001 C75A 075B`,
)
/** AWS's VPC endpoint, and what the balancer's TLS was: version, cipher, client's name. */
const TLVS = "EA 0003 01 'vp' 20 001B 01 00000000 21 0007 'TLSv1.3' 22 0009 'client-cn'"
const V2_WITH_TLVS = bytes(`${SIGNATURE} 21 11 0030 CB007107 C0000201 C75A 075B ${TLVS}`)
const V2_LONGEST = bytes(`${SIGNATURE} 21 11 FFFF CB007107 C0000201 C75A 075B x65523'z'`)
const V2_LOCAL = bytes(`${SIGNATURE} 20 00 0000`)
const CLIENT = { address: '203.0.113.7', port: 51_034 }

interface Options {
  readonly trustedNetworks?: readonly string[]
  readonly stages?: (wheel: TimerWheel) => Partial<ListenerStages>
}

function startBroker({ trustedNetworks = ['127.0.0.0/8'], stages }: Options = {}): Promise<StagedBroker> {
  return StagedBroker.start(({ wheel }, onRefused) => ({
    proxyProtocol: new ProxyProtocol({ trustedNetworks, timeout: 5_000 }, wheel, onRefused),
    ...stages?.(wheel),
  }))
}

describe('the client’s address', () => {
  it.each([
    ['version 1', V1, CLIENT],
    [
      'version 1 of IPv6',
      Buffer.from('PROXY TCP6 2001:db8::7 2001:db8::1 51034 1883\r\n'),
      { address: '2001:db8::7', port: 51_034 },
    ],
    ['version 2', V2_IPV4, CLIENT],
    ['version 2 of IPv6', V2_IPV6, { address: '2001:db8::7', port: 51_034 }],
    ['version 2 with TLVs', V2_WITH_TLVS, CLIENT],
    ['version 2 of the greatest length', V2_LONGEST, CLIENT],
  ])('comes from a header of %s, cut anywhere, and MQTT right behind it', async (_what, header, expected) => {
    await using broker = await startBroker()
    const input = Buffer.concat([header, CONNECT])
    const cuts = header.length < 200 ? Array.from(input, (_, at) => at) : [0, 1, 16, 17, 1000, header.length]
    for (const cut of cuts) {
      const stream = await SocketStream.open('127.0.0.1', broker.port)
      await stream.send(input.subarray(0, cut))
      await broker.settle()
      await stream.send(input.subarray(cut))
      await broker.settle()
      expect(stream.received).toEqual(CONNACK)
      stream.drop()
    }
    const addresses = broker.peers.map(({ address, port }) => ({ address, port }))
    expect(addresses).toEqual(cuts.map(() => expected))
  })

  it('comes byte by byte', async () => {
    await using broker = await startBroker()
    for (const header of [V1, V2_IPV4]) {
      const stream = await SocketStream.open('127.0.0.1', broker.port)
      for (const byte of Buffer.concat([header, CONNECT])) await stream.send(Buffer.from([byte]))
      await broker.settle()
      expect(stream.received).toEqual(CONNACK)
    }
    expect(broker.peers).toMatchObject([CLIENT, CLIENT])
  })

  it.each([
    ['UNKNOWN', Buffer.from('PROXY UNKNOWN\r\n')],
    ['UNKNOWN with addresses', Buffer.from(`PROXY UNKNOWN ${'f'.repeat(39)} ${'f'.repeat(39)} 65535 65535\r\n`)],
    ['LOCAL', V2_LOCAL],
    ['LOCAL with addresses', bytes(`${SIGNATURE} 20 11 000C CB007107 C0000201 C75A 075B`)],
    ['an unspecified family', bytes(`${SIGNATURE} 21 00 0003 'abc'`)],
    ['a socket file', bytes(`${SIGNATURE} 21 31 00D8 x216'/'`)],
  ])('is the balancer’s own after a header with %s', async (_what, header) => {
    await using broker = await startBroker()
    const stream = await SocketStream.open('127.0.0.1', broker.port)
    await stream.send(Buffer.concat([header, CONNECT]))
    await broker.settle()
    expect(stream.received).toEqual(CONNACK)
    expect(broker.peers).toMatchObject([{ address: '127.0.0.1' }])
    expect(broker.peers[0]!.port).toBeGreaterThan(1024)
  })

  it('comes before the handshake of TLS', async () => {
    await using broker = await startBroker({ stages: (wheel) => ({ tls: newTlsAcceptor(wheel) }) })
    for (const header of [V1, V2_WITH_TLVS]) {
      const socket = await openSocket('127.0.0.1', broker.port)
      socket.write(header)
      const secure = connect({ socket, servername: 'localhost', rejectUnauthorized: false })
      secure.write(CONNECT)
      const [answer] = (await once(secure, 'data')) as [Buffer]
      expect(answer).toEqual(CONNACK)
      secure.destroy()
    }
    expect(broker.peers).toMatchObject([CLIENT, CLIENT])
    expect(broker.peers[0]).toMatchObject({ tls: { protocol: 'TLSv1.3' }, listener: { kind: 'tls-tcp' } })
  })

  it('comes before the HTTP request of WebSocket', async () => {
    await using broker = await startBroker({ stages: () => ({ webSocket: newWebSocketAcceptor() }) })
    const input = Buffer.concat([V2_IPV4, Buffer.from(upgradeRequest()), binary(CONNECT)])
    for (const cut of [0, 10, V2_IPV4.length, V2_IPV4.length + 5, input.length - CONNECT.length]) {
      const client = await RawWebSocket.dial(broker.port, input.subarray(0, cut))
      await broker.settle()
      client.send(input.subarray(cut))
      await client.until(() => client.mqtt.length > 0)
      expect(client.mqtt).toEqual(CONNACK)
    }
    expect(new Set(broker.peers.map(({ address }) => address))).toEqual(new Set([CLIENT.address]))
  })
})

describe('a connection is closed', () => {
  it.each([
    ['MQTT without header', CONNECT, 'no PROXY header'],
    ['a TLS handshake without header', bytes('16 0301 00C8 01 0000C4 0303'), 'no PROXY header'],
    ['HTTP without header', Buffer.from(upgradeRequest()), 'no PROXY header'],
    ['something like the header', Buffer.from('PROXX TCP4'), 'no PROXY header'],
    ['another signature', bytes('0D0A0D0A000D0A515549540B'), 'no PROXY header'],
    ['a header that is too long', Buffer.from(`PROXY TCP4 ${'1'.repeat(107)}`), 'PROXY header is too long'],
    ['a header without line end', Buffer.from(`PROXY UNKNOWN${' '.repeat(94)}`), 'PROXY header is too long'],
    ['another protocol', Buffer.from('PROXY UDP4 203.0.113.7 192.0.2.1 1 2\r\n'), 'PROXY header is malformed'],
    ['too few fields', Buffer.from('PROXY TCP4 203.0.113.7 192.0.2.1 1\r\n'), 'PROXY header is malformed'],
    ['too many fields', Buffer.from('PROXY TCP4 203.0.113.7 192.0.2.1 1 2 3\r\n'), 'PROXY header is malformed'],
    ['no address', Buffer.from('PROXY TCP4 203.0.113.256 192.0.2.1 1 2\r\n'), 'PROXY header is malformed'],
    ['an address of the other family', Buffer.from('PROXY TCP4 ::1 ::1 1 2\r\n'), 'PROXY header is malformed'],
    ['a port that is none', Buffer.from('PROXY TCP4 203.0.113.7 192.0.2.1 65536 2\r\n'), 'PROXY header is malformed'],
    ['a port with a sign', Buffer.from('PROXY TCP4 203.0.113.7 192.0.2.1 +1 2\r\n'), 'PROXY header is malformed'],
    ['another version', bytes(`${SIGNATURE} 31 11 000C`), 'PROXY header has version 3'],
    ['another command', bytes(`${SIGNATURE} 22 11 000C`), 'PROXY header has command 2'],
    ['another family', bytes(`${SIGNATURE} 21 41 000C`), 'PROXY header has an unknown address family'],
    ['another transport', bytes(`${SIGNATURE} 21 13 000C`), 'PROXY header has an unknown address family'],
    ['no room for addresses', bytes(`${SIGNATURE} 21 21 000C`), 'PROXY header is too short for its addresses'],
  ])('that begins with %s', async (_what, input, why) => {
    await using broker = await startBroker()
    const stream = await SocketStream.open('127.0.0.1', broker.port)
    await stream.send(input)
    await broker.settle()
    expect(stream.isEnded).toBe(true)
    expect(stream.received).toHaveLength(0)
    expect(broker.refused).toEqual([`127.0.0.1 ${why}`])
    expect(broker.peers).toEqual([])
  })

  it.each([
    ['10.0.0.0/8', '127.0.0.2/32', 'fd00::/8'],
    ['::1/128', '2001:db8::/32'],
  ])('that is not from %s', async (...trustedNetworks) => {
    await using broker = await startBroker({ trustedNetworks })
    const stream = await SocketStream.open('127.0.0.1', broker.port)
    await stream.send(Buffer.concat([V1, CONNECT]))
    await broker.settle()
    expect(stream.isEnded).toBe(true)
    expect(broker.refused).toEqual(['127.0.0.1 not from a network that may send a PROXY header'])
    expect(broker.peers).toEqual([])
  })

  it('that does not finish its header in time, or ends before', async () => {
    await using broker = await startBroker()
    const silent = await SocketStream.open('127.0.0.1', broker.port)
    const slow = await SocketStream.open('127.0.0.1', broker.port)
    await slow.send(V2_IPV4.subarray(0, 20))
    await broker.advance(4_000)
    await slow.send(V2_IPV4.subarray(20, 24))
    await broker.settle()
    expect([silent.isEnded, slow.isEnded]).toEqual([false, false])
    await broker.advance(1_100)
    expect([silent.isEnded, slow.isEnded]).toEqual([true, true])
    const gone = await SocketStream.open('127.0.0.1', broker.port)
    await gone.send(V1.subarray(0, 10))
    gone.drop()
    await broker.settle()
    expect(broker.refused).toEqual([
      '127.0.0.1 no PROXY header in time',
      '127.0.0.1 no PROXY header in time',
      '127.0.0.1 closed before its PROXY header was complete',
    ])
    expect(broker.broker.wheel.size).toBe(0)
  })
})

it('a second header is no MQTT, and ends the connection', async () => {
  await using broker = await startBroker()
  const stream = await SocketStream.open('127.0.0.1', broker.port)
  await stream.send(Buffer.concat([V1, V1, CONNECT]))
  await broker.settle()
  expect(stream.isEnded).toBe(true)
  expect(stream.received).toHaveLength(0)
})

it('without the setting a header is no MQTT, and ends the connection', async () => {
  await using broker = await StagedBroker.start(() => ({}))
  for (const header of [V1, V2_IPV4]) {
    const stream = await SocketStream.open('127.0.0.1', broker.port)
    await stream.send(Buffer.concat([header, CONNECT]))
    await broker.settle()
    expect(stream.isEnded).toBe(true)
    expect(stream.received).toHaveLength(0)
  }
})
