// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { WebSocketAcceptor, type WebSocketSettings } from '../../src/net/websocket-acceptor.ts'
import { bytes } from '../support/bytes.ts'
import { binary, clientFrame, RawWebSocket, upgradeRequest } from '../support/raw-web-socket.ts'
import { StagedBroker } from '../support/staged-broker.ts'

const DEFAULTS: WebSocketSettings = { path: '/mqtt', subprotocols: ['mqttv3.1', 'mqtt'], allowExtensions: false }
const CONNECT = bytes("10 RL s'MQTT' 05 02 0000 00 s'raw'")
const CONNECT_WITH_WILL = bytes("10 RL s'MQTT' 05 06 0000 00 s'will' 00 s'gone' s'so it is'")
const SUBSCRIBE = bytes("82 RL 0001 00 s'#' 00")
const PINGREQ = bytes('C0 00')
const PINGRESP = bytes('D0 00')
const DISCONNECT = bytes('E0 00')
const CONNACK = 0x20
const EMPTY = Buffer.alloc(0)

function startBroker(settings: Partial<WebSocketSettings> = {}): Promise<StagedBroker> {
  return StagedBroker.start((_broker, onRefused) => ({
    webSocket: new WebSocketAcceptor({ ...DEFAULTS, ...settings }, onRefused),
  }))
}

/** A client that has its CONNACK. */
async function connected(broker: StagedBroker, connect = CONNECT): Promise<RawWebSocket> {
  const client = await RawWebSocket.open(broker.port)
  client.send(binary(connect))
  await client.until(() => client.mqtt[0] === CONNACK)
  return client
}

function packetTypes(mqtt: Buffer): number[] {
  const types: number[] = []
  // All packets of these tests are shorter than 128 bytes.
  for (let at = 0; at < mqtt.length; at += 2 + mqtt[at + 1]!) types.push(mqtt[at]! >> 4)
  return types
}

describe('the HTTP request', () => {
  it('WS-05 C-107: is answered with the first subprotocol of the client that the listener has', async () => {
    // [MQTT-6.0.0-3] [MQTT4-6.0.0-3] [MQTT-6.0.0-4] [MQTT4-6.0.0-4]
    await using broker = await startBroker()
    for (const [offered, selected] of [
      ['mqtt', 'mqtt'],
      ['mqttv3.1', 'mqttv3.1'],
      ['chat, mqtt,mqttv3.1', 'mqtt'],
      ['mqttv3.1, mqtt', 'mqttv3.1'],
    ]) {
      const client = await RawWebSocket.open(
        broker.port,
        upgradeRequest('/mqtt', { 'Sec-WebSocket-Protocol': offered! }),
      )
      expect(client.head).toContain(`\r\nSec-WebSocket-Protocol: ${selected}\r\n`)
      expect(client.head).toContain('\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n')
    }
  })

  it('WS-04 C-108: that offers no subprotocol of the listener is answered without one', async () => {
    await using broker = await startBroker()
    for (const offered of ['', 'chat', 'MQTT']) {
      const request = upgradeRequest('/mqtt', { 'Sec-WebSocket-Protocol': offered })
      const client = await RawWebSocket.open(broker.port, request)
      expect(client.head).not.toContain('Sec-WebSocket-Protocol')
      client.send(binary(CONNECT))
      await client.until(() => client.mqtt[0] === CONNACK)
    }
    await using none = await startBroker({ subprotocols: [] })
    expect((await RawWebSocket.open(none.port)).head).not.toContain('Sec-WebSocket-Protocol')
  })

  it('C-110: gets no extensions, whatever it offers', async () => {
    await using broker = await startBroker()
    const request = upgradeRequest('/mqtt', { 'Sec-WebSocket-Extensions': 'permessage-deflate' })
    expect((await RawWebSocket.open(broker.port, request)).head).not.toContain('Sec-WebSocket-Extensions')
  })

  it('WS-14 C-112: may have any Origin, and a query behind the path', async () => {
    await using broker = await startBroker()
    const request = upgradeRequest('/mqtt?token=x', { Origin: 'https://elsewhere.example' })
    expect((await RawWebSocket.open(broker.port, request)).head).toMatch(/^HTTP\/1\.1 101 /)
  })

  it.each([
    ['another path', upgradeRequest('/other'), 404],
    ['a longer path', upgradeRequest('/mqtt/'), 404],
    ['a path in other letters', upgradeRequest('/MQTT'), 404],
    ['a whole URL', upgradeRequest('http://localhost/mqtt'), 404],
    ['no upgrade', 'GET /mqtt HTTP/1.1\r\nHost: x\r\n\r\n', 426],
    ['no upgrade to another path', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 404],
    ['an upgrade to something else', upgradeRequest('/mqtt', { Upgrade: 'h2c' }), 426],
    ['POST', 'POST /mqtt HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc', 405],
    ['POST with an upgrade', upgradeRequest().replace('GET', 'POST'), 405],
    ['CONNECT', 'CONNECT other.example:443 HTTP/1.1\r\nHost: x\r\n\r\n', 404],
    ['an expectation', 'GET /mqtt HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n', 426],
    ['another expectation', 'GET /mqtt HTTP/1.1\r\nHost: x\r\nExpect: cake\r\n\r\n', 426],
    ['HTTP/1.0', upgradeRequest().replace('HTTP/1.1', 'HTTP/1.0'), 400],
    ['no host', upgradeRequest('/mqtt', { Host: '' }), 400],
    ['an old WebSocket', upgradeRequest('/mqtt', { 'Sec-WebSocket-Version': '8' }), 426],
    ['no key', upgradeRequest('/mqtt', { 'Sec-WebSocket-Key': '' }), 400],
    ['a key of another length', upgradeRequest('/mqtt', { 'Sec-WebSocket-Key': 'AAAA' }), 400],
    ['a body', upgradeRequest('/mqtt', { 'Content-Length': '5' }), 400],
    ['a body in chunks', upgradeRequest('/mqtt', { 'Transfer-Encoding': 'chunked' }), 400],
    ['two lengths', upgradeRequest('/mqtt', { 'Content-Length': '5\r\nContent-Length: 6' }), 400],
    ['more than 64 KiB', upgradeRequest('/mqtt', { X: 'x'.repeat(65_536) }), 431],
    ['MQTT', CONNECT, 400],
    ['a TLS handshake', bytes('16 0301 00C8 01 0000C4 0303'), 400],
    ['NUL', Buffer.alloc(4), 400],
  ])('WS-07 WS-10 WS-13 C-106: %s is refused, and the connection ends', async (_what, text, status) => {
    await using broker = await startBroker()
    const client = await RawWebSocket.dial(broker.port, text)
    await client.ended()
    expect(client.head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(client.head.toLowerCase()).toContain('\r\nconnection: close\r\n')
    expect(broker.refused).toHaveLength(1)
    expect(broker.refused[0]).toContain(`127.0.0.1 HTTP ${status}, `)
    client.socket.destroy()
    await broker.settle()
    expect(broker.broker.connections.size).toBe(0)
  })

  it.each([
    ['nothing', ''],
    ['half a request', upgradeRequest().slice(0, 60)],
    ['an upgrade and no CONNECT', upgradeRequest()],
  ])('WS-10: a client that sends %s in the time for CONNECT is let go', async (_what, text) => {
    await using broker = await startBroker()
    const client = await RawWebSocket.dial(broker.port, text)
    await broker.advance(9_000)
    expect(client.isEnded).toBe(false)
    await broker.advance(1_100)
    expect(client.isEnded).toBe(true)
    client.socket.destroy()
    await broker.settle()
    expect(broker.broker.connections.size).toBe(0)
  })

  it('is the only one of its connection: what follows one that is refused is thrown away', async () => {
    await using broker = await startBroker()
    const plain = 'GET /other HTTP/1.1\r\nHost: broker\r\n\r\n'
    const client = await RawWebSocket.dial(broker.port, plain + upgradeRequest())
    await client.ended()
    expect(client.head).toMatch(/^HTTP\/1\.1 404 /)
    expect(client.bytes.toString()).toBe('')
    expect(broker.refused).toHaveLength(1)
  })

  it('may come byte by byte, with frames right behind it', async () => {
    await using broker = await startBroker()
    const client = await RawWebSocket.dial(broker.port, '')
    const input = Buffer.concat([Buffer.from(upgradeRequest()), binary(CONNECT), binary(PINGREQ)])
    for (const byte of input.subarray(0, -20)) {
      client.send(Buffer.from([byte]))
      await broker.settle()
    }
    client.send(input.subarray(-20))
    await client.until(() => packetTypes(client.mqtt).length === 2)
    expect(packetTypes(client.mqtt)).toEqual([2, 13])
    const eager = await RawWebSocket.dial(broker.port, input)
    await eager.until(() => packetTypes(eager.mqtt).length === 2)
  })
})

describe('frames', () => {
  it('WS-03: a packet over many frames, many packets in one, and a message in fragments', async () => {
    // [MQTT-6.0.0-2] [MQTT4-6.0.0-2]
    await using broker = await startBroker()
    const inBytes = await RawWebSocket.open(broker.port)
    inBytes.send(Buffer.concat([...CONNECT].map((byte) => binary(Buffer.from([byte])))))
    await inBytes.until(() => inBytes.mqtt[0] === CONNACK)

    const inOne = await RawWebSocket.open(broker.port)
    inOne.send(binary(Buffer.concat([CONNECT, SUBSCRIBE, PINGREQ, PINGREQ])))
    await inOne.until(() => packetTypes(inOne.mqtt).length === 4)
    expect(packetTypes(inOne.mqtt)).toEqual([2, 9, 13, 13])

    const inFragments = await RawWebSocket.open(broker.port)
    inFragments.send(
      clientFrame(0x02, CONNECT.subarray(0, 3)),
      clientFrame(0x89, Buffer.from('between')),
      clientFrame(0x00, EMPTY),
      clientFrame(0x00, CONNECT.subarray(3, 9)),
      clientFrame(0x80, CONNECT.subarray(9)),
      binary(PINGREQ),
    )
    await inFragments.until(() => packetTypes(inFragments.mqtt).length === 2)
    expect(inFragments.frames[0]).toEqual({ opcode: 10, payload: Buffer.from('between') })
  })

  it.each([1, 2, 3, 5, 6, 7, 13, 64, 1000])('cut into chunks of %i bytes', async (size) => {
    await using broker = await startBroker()
    const client = await connected(broker)
    client.send(binary(SUBSCRIBE))
    await client.until(() => packetTypes(client.mqtt).length === 2)
    const before = client.mqtt.length
    const published = [0, 1, 120, 130, 500, 1500, 300].map((length) => {
      return bytes(`30 RL s't' [00] x${length}'abcdefg'`.replace("x0'abcdefg'", ''))
    })
    const input = Buffer.concat(published.flatMap((packet) => [clientFrame(0x89, Buffer.from('!')), binary(packet)]))
    for (let at = 0; at < input.length; at += size) {
      client.send(input.subarray(at, at + size))
      await new Promise((resolve) => setImmediate(resolve))
    }
    const expected = Buffer.concat(published)
    await client.until(() => client.mqtt.length - before >= expected.length)
    expect(client.mqtt.subarray(before)).toEqual(expected)
  })

  it('WS-06: what the broker sends in a turn is one binary frame, of any length', async () => {
    // [MQTT-6.0.0-1] [MQTT4-6.0.0-1]: `frames` takes nothing else apart.
    await using broker = await startBroker()
    const client = await connected(broker)
    client.send(binary(SUBSCRIBE))
    await client.until(() => packetTypes(client.mqtt).length === 2)
    for (const length of [1, 100, 130, 20_000, 70_000, 300_000]) {
      const packet = bytes(`30 RL s't' 00 x${length}'y'`)
      const before = client.frames.length
      client.send(binary(packet))
      await client.until(() => client.frames.length > before)
      expect(client.frames.at(-1)).toEqual({ opcode: 2, payload: packet })
    }
    const before = client.frames.length
    client.send(binary(Buffer.concat([PINGREQ, PINGREQ, PINGREQ])))
    await client.until(() => client.frames.length > before)
    expect(client.frames.at(-1)!.payload).toEqual(Buffer.concat([PINGRESP, PINGRESP, PINGRESP]))
  })

  it('WS-08: Ping is answered with Pong, the last of many, and is no sign of life of an MQTT client', async () => {
    await using broker = await startBroker()
    const client = await connected(broker, bytes("10 RL s'MQTT' 04 02 000A s'ka'"))
    client.send(Buffer.concat([clientFrame(0x89, Buffer.from('a')), clientFrame(0x89, Buffer.alloc(125, 'b'))]))
    await client.until(() => client.frames.some(({ opcode }) => opcode === 10))
    expect(client.frames.filter(({ opcode }) => opcode === 10)).toEqual([
      { opcode: 10, payload: Buffer.alloc(125, 'b') },
    ])
    client.send(clientFrame(0x8a, Buffer.from('a Pong that nobody asked for')))
    await broker.advance(14_000)
    client.send(clientFrame(0x89, EMPTY))
    await broker.advance(1_100)
    expect(client.isEnded).toBe(true)
    expect(client.closeCode).toBe(1000)
  })

  it('WS-02 C-109: a text frame ends the connection with 1003', async () => {
    // [MQTT-6.0.0-1] [MQTT4-6.0.0-1]
    await using broker = await startBroker()
    const client = await connected(broker)
    client.send(clientFrame(0x81, PINGREQ))
    await client.ended()
    expect(client.closeCode).toBe(1003)
    expect(packetTypes(client.mqtt)).toEqual([2, 14])
    // Behind CONNACK: type, length, reason code.
    expect(client.mqtt[2 + client.mqtt[1]! + 2]).toBe(0x82)
  })

  const TOO_LONG = bytes('82 FF 00000000 80000000 01020304')
  it.each([
    ['a text frame before CONNECT', clientFrame(0x81, CONNECT), 1003],
    ['a reserved bit', clientFrame(0xc2, PINGREQ), 1002],
    ['all reserved bits', clientFrame(0xf2, PINGREQ), 1002],
    ['an unknown data frame', clientFrame(0x83, PINGREQ), 1002],
    ['an unknown control frame', clientFrame(0x8b, EMPTY), 1002],
    ['no masking', bytes('82 02 C000'), 1002],
    ['no masking of a control frame', bytes('89 00'), 1002],
    ['a continuation of nothing', clientFrame(0x80, PINGREQ), 1002],
    ['a message within a message', Buffer.concat([clientFrame(0x02, PINGREQ), binary(PINGREQ)]), 1002],
    ['a text within a message', Buffer.concat([clientFrame(0x02, PINGREQ), clientFrame(0x81, PINGREQ)]), 1003],
    ['a Ping in fragments', clientFrame(0x09, EMPTY), 1002],
    ['a Close in fragments', clientFrame(0x08, EMPTY), 1002],
    ['a Ping that is too long', clientFrame(0x89, Buffer.alloc(126)), 1002],
    ['a length of 125 in three bytes', bytes('82 FE 007D 01020304'), 1002],
    ['a length of 65535 in nine bytes', bytes('82 FF 00000000 0000FFFF 01020304'), 1002],
    ['a frame of 2 GiB', TOO_LONG, 1009],
    ['a frame of all bytes there are', bytes('82 FF FFFFFFFF FFFFFFFF 01020304'), 1009],
    ['a Close of one byte', clientFrame(0x88, bytes('03')), 1002],
    ['a Close with a code of nobody', clientFrame(0x88, bytes('03E7')), 1002],
    ['a Close with a code that is never sent', clientFrame(0x88, bytes('03ED')), 1002],
    ['a Close with a code that is too high', clientFrame(0x88, bytes('1388')), 1002],
    ['a Close with a text that is not UTF-8', clientFrame(0x88, bytes('03E8 C328')), 1007],
  ])('WS-09 C-111: %s ends the connection', async (_what, input, code) => {
    await using broker = await startBroker()
    const subscriber = await connected(broker)
    subscriber.send(binary(SUBSCRIBE))
    await subscriber.until(() => packetTypes(subscriber.mqtt).length === 2)
    const isFirst = input.equals(clientFrame(0x81, CONNECT))
    const client = isFirst ? await RawWebSocket.open(broker.port) : await connected(broker, CONNECT_WITH_WILL)
    client.send(input, binary(PINGREQ))
    await client.ended()
    expect(client.closeCode).toBe(code)
    // MQTT 5 says why; nothing is said to a client that is not connected; nothing comes after the Close frame.
    expect(packetTypes(client.mqtt).at(-1)).toBe(isFirst ? undefined : 14)
    expect(client.frames.at(-1)!.opcode).toBe(8)
    if (!isFirst) await subscriber.until(() => packetTypes(subscriber.mqtt).at(-1) === 3)
  })

  it('a fault behind a packet does not take the packet back', async () => {
    await using broker = await startBroker()
    const client = await RawWebSocket.open(broker.port)
    client.send(Buffer.concat([binary(CONNECT), binary(PINGREQ), clientFrame(0x83, EMPTY)]))
    await client.ended()
    expect(packetTypes(client.mqtt)).toEqual([2, 13, 14])
  })

  it('C-111: of a frame as large as a packet may be nothing is kept before its bytes come', async () => {
    await using broker = await startBroker()
    const before = process.memoryUsage()
    const clients = await Promise.all(Array.from({ length: 20 }, () => RawWebSocket.open(broker.port)))
    // 256 MB each, and a CONNECT in it that is complete.
    for (const client of clients)
      client.send(clientFrame(0x82, EMPTY).subarray(0, 1), bytes('FF 00000000 10000000 00000000'))
    for (const client of clients) client.send(CONNECT.subarray(0, 4))
    await broker.settle()
    const { rss, arrayBuffers } = process.memoryUsage()
    expect(arrayBuffers - before.arrayBuffers).toBeLessThan(16 * 1024 * 1024)
    expect(rss - before.rss).toBeLessThan(64 * 1024 * 1024)
    // Packets are handled as they come, not at the end of the frame.
    clients[0]!.send(CONNECT.subarray(4))
    await clients[0]!.until(() => clients[0]!.mqtt[0] === CONNACK)
  })

  it('a packet that is too large is refused from its first bytes', async () => {
    await using broker = await startBroker()
    const client = await connected(broker)
    client.send(bytes('82 FF 00000000 7FFFFFFF 00000000'), bytes('30 FFFFFFFF7F'))
    await client.ended()
    expect(packetTypes(client.mqtt)).toEqual([2, 14])
    expect(client.closeCode).toBe(1000)
  })
})

describe('the end', () => {
  it.each([
    ['a Close frame without code', clientFrame(0x88, EMPTY), 1005],
    ['a Close frame', clientFrame(0x88, bytes('03E8')), 1000],
    ['a Close frame with a text', clientFrame(0x88, bytes("03E9 'tab closed'")), 1001],
    ['a Close frame with a code of its application', clientFrame(0x88, bytes('0FA0')), 4000],
  ])('WS-12: %s is answered, and the will is published', async (_what, close, code) => {
    await using broker = await startBroker()
    const subscriber = await connected(broker)
    subscriber.send(binary(SUBSCRIBE))
    await subscriber.until(() => packetTypes(subscriber.mqtt).length === 2)
    const client = await connected(broker, CONNECT_WITH_WILL)
    client.send(close)
    await client.ended()
    expect(client.closeCode).toBe(code)
    // Nobody reads a DISCONNECT any more.
    expect(packetTypes(client.mqtt)).toEqual([2])
    await subscriber.until(() => packetTypes(subscriber.mqtt).at(-1) === 3)
  })

  it('WS-12: after DISCONNECT there is no will, and Close is said to both', async () => {
    await using broker = await startBroker()
    const subscriber = await connected(broker)
    subscriber.send(binary(SUBSCRIBE))
    const client = await connected(broker, CONNECT_WITH_WILL)
    client.send(binary(DISCONNECT), clientFrame(0x88, bytes('03E8')))
    await client.ended()
    expect(client.closeCode).toBe(1000)
    await broker.settle()
    expect(packetTypes(subscriber.mqtt)).toEqual([2, 9])
    client.socket.destroy()
    await broker.settle()
    expect(broker.broker.connections.size).toBe(1)
  })

  it('a connection that is cut without Close is lost as on TCP', async () => {
    await using broker = await startBroker()
    const subscriber = await connected(broker)
    subscriber.send(binary(SUBSCRIBE))
    const client = await connected(broker, CONNECT_WITH_WILL)
    client.socket.resetAndDestroy()
    await subscriber.until(() => packetTypes(subscriber.mqtt).at(-1) === 3)
    expect(broker.broker.connections.size).toBe(1)
  })

  it('a peer that neither answers Close nor ends is let go when its time to linger is over', async () => {
    await using broker = await startBroker()
    const client = await connected(broker)
    client.socket.allowHalfOpen = true
    client.send(binary(CONNECT))
    await client.until(() => client.closeCode !== undefined)
    for (let i = 0; i < 5; i++) client.send(binary(PINGREQ), clientFrame(0x89, EMPTY))
    await broker.settle()
    expect(broker.broker.connections.size).toBe(1)
    await broker.advance(2_100)
    expect(broker.broker.connections.size).toBe(0)
    expect(client.frames.at(-1)!.opcode).toBe(8)
  })

  it('a client that reads nothing gets the last Pong and its packets when it reads again', async () => {
    await using broker = await startBroker()
    const client = await connected(broker)
    client.socket.pause()
    const packet = bytes("32 RL s't' 0007 00 x2000000'z'")
    client.send(binary(bytes("82 RL 0001 00 s'#' 01")), binary(packet))
    await broker.settle()
    for (let i = 0; i < 1_000; i++) client.send(clientFrame(0x89, Buffer.from(`${i}`)))
    client.send(binary(PINGREQ))
    await broker.settle()
    client.socket.resume()
    await client.until(() => client.mqtt.subarray(-2).equals(PINGRESP))
    await client.until(() => client.frames.some(({ payload }) => payload.equals(Buffer.from('999'))))
    expect(client.frames.filter(({ opcode }) => opcode === 10).length).toBeLessThan(1_000)
    expect(broker.broker.connections.size).toBe(1)
    expect(client.mqtt.includes(packet.subarray(-1_000_000))).toBe(true)
  })
})
