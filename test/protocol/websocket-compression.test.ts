// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { WebSocketAcceptor } from '../../src/net/websocket-acceptor.ts'
import { bytes } from '../support/bytes.ts'
import { clientFrame, RawWebSocket, upgradeRequest } from '../support/raw-web-socket.ts'
import { StagedBroker } from '../support/staged-broker.ts'

const CONNECT = bytes("10 RL s'MQTT' 04 02 0000 s'squeezed'")
const SUBSCRIBE = bytes("82 RL 0001 s'#' 00")
const SETTINGS = { path: '/mqtt', subprotocols: ['mqtt'], allowExtensions: true }
const OFFER = { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' }
/** FIN, compressed, binary. */
const COMPRESSED = 0xc2

function startBroker(): Promise<StagedBroker> {
  return StagedBroker.start((_broker, onRefused) => ({ webSocket: new WebSocketAcceptor(SETTINGS, onRefused) }))
}

describe('with allow-extensions', () => {
  it('a client that offers compression gets it, and fewer bytes', async () => {
    await using broker = await startBroker()
    const client = new WebSocket(`ws://127.0.0.1:${broker.port}/mqtt`, ['mqtt'])
    await once(client, 'open')
    expect(client.extensions).toBe('permessage-deflate')
    expect(client.protocol).toBe('mqtt')
    let received = Buffer.alloc(0)
    client.on('message', (message) => (received = Buffer.concat([received, message as Buffer])))
    client.send(CONNECT)
    client.send(SUBSCRIBE)
    const publish = bytes("30 RL s't' x100000'abcdefgh'")
    client.send(publish)
    while (!received.subarray(-publish.length).equals(publish)) await once(client, 'message')
    const { _socket: socket } = client as unknown as { _socket: { bytesRead: number } }
    expect(socket.bytesRead).toBeLessThan(publish.length / 20)
    client.close(1000)
    const [code] = (await once(client, 'close')) as [number]
    expect(code).toBe(1000)
    await broker.settle()
    expect(broker.broker.connections.size).toBe(0)
  })

  it('many messages of all sizes come back as they went, in order', async () => {
    await using broker = await startBroker()
    const client = new WebSocket(`ws://127.0.0.1:${broker.port}/mqtt`, ['mqtt'])
    await once(client, 'open')
    const received: Buffer[] = []
    client.on('message', (message) => received.push(message as Buffer))
    client.send(Buffer.concat([CONNECT, SUBSCRIBE]))
    while (Buffer.concat(received).length < 9) await once(client, 'message')
    received.length = 0
    const sent = Array.from({ length: 200 }, (_, i) => bytes(`30 RL s't${i}' x${1 + ((i * 997) % 20_000)}'z'`))
    for (const packet of sent) client.send(packet)
    const expected = Buffer.concat(sent)
    while (Buffer.concat(received).length < expected.length) await once(client, 'message')
    expect(Buffer.concat(received)).toEqual(expected)
    client.terminate()
  })

  it('a client that does not offer it is served without', async () => {
    await using broker = await startBroker()
    const client = await RawWebSocket.open(broker.port)
    expect(client.head).not.toContain('Sec-WebSocket-Extensions')
  })

  it.each([
    ['a bomb', clientFrame(COMPRESSED, deflateRawSync(Buffer.alloc(64 * 1024 * 1024))), 1009],
    ['a message that is too large', clientFrame(0x82, Buffer.alloc(4 * 1024 * 1024 + 1)), 1009],
    ['what is no compressed data', clientFrame(COMPRESSED, Buffer.alloc(20, 0xff)), 1007],
    ['a compressed text', clientFrame(0xc1, deflateRawSync(CONNECT)), 1003],
    ['a text', clientFrame(0x81, CONNECT), 1003],
    ['another reserved bit', clientFrame(0xa2, CONNECT), 1002],
    ['no masking', bytes('82 02 C000'), 1002],
  ])('%s ends the connection', async (_what, input, code) => {
    await using broker = await startBroker()
    const client = await RawWebSocket.open(broker.port, upgradeRequest('/mqtt', OFFER))
    expect(client.head).toContain('Sec-WebSocket-Extensions: permessage-deflate')
    client.send(input)
    await client.until(() => client.closeCode !== undefined)
    expect(client.closeCode).toBe(code)
    client.socket.destroy()
    await broker.settle()
    expect(broker.broker.connections.size).toBe(0)
  })

  it('a malformed offer is answered with 400', async () => {
    await using broker = await startBroker()
    const offer = { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits=99' }
    const client = await RawWebSocket.dial(broker.port, upgradeRequest('/mqtt', offer))
    await client.ended()
    expect(client.head).toMatch(/^HTTP\/1\.1 400 /)
    expect(broker.refused).toEqual([expect.stringContaining('127.0.0.1 HTTP 400, ')])
  })

  it('Ping is answered, once nothing else waits', async () => {
    await using broker = await startBroker()
    const client = await RawWebSocket.open(broker.port, upgradeRequest('/mqtt', OFFER))
    client.send(clientFrame(0x82, CONNECT), clientFrame(0x89, Buffer.from('first')))
    await client.until(() => client.frames.some(({ opcode }) => opcode === 10))
    expect(client.frames.find(({ opcode }) => opcode === 10)!.payload.toString()).toBe('first')
  })
})
