// SPDX-License-Identifier: Apache-2.0
import { EventEmitter, once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { Broker } from '../../../src/broker/broker.ts'
import type { Logger } from '../../../src/broker/logger.ts'
import type { Peer } from '../../../src/broker/peer.ts'
import { DEFAULT_SETTINGS } from '../../../src/broker/settings.ts'
import { encodePacket } from '../../../src/codec/packet.ts'
import { PacketType } from '../../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../../src/codec/protocol-version.ts'
import { FlushQueue } from '../../../src/net/flush-queue.ts'
import { TcpListener } from '../../../src/net/tcp-listener.ts'
import { TlsAcceptor } from '../../../src/net/tls-acceptor.ts'
import { MemoryStore } from '../../../src/store/memory-store.ts'
import { ReloadingTlsContext } from '../../../src/tls/reloading-tls-context.ts'
import type { TlsSettings } from '../../../src/tls/tls-settings.ts'
import { FakeClock } from '../fake-clock.ts'

const CONNECT = encodePacket(
  {
    type: PacketType.CONNECT,
    protocolVersion: ProtocolVersion.V5,
    cleanStart: true,
    keepAliveSec: 0,
    clientId: '',
    properties: {},
  },
  ProtocolVersion.V5,
)

/** The broker behind a listener with TLS, with its log, and time in the hands of the test. */
export class TlsBroker implements AsyncDisposable {
  readonly clock: FakeClock = new FakeClock()
  readonly log: string[] = []
  readonly peers: Peer[] = []
  readonly #news = new EventEmitter()
  readonly broker: Broker
  context!: ReloadingTlsContext
  #listener!: TcpListener
  readonly #sockets: Socket[] = []

  private constructor() {
    const write = (level: string) => (text: string) => {
      this.log.push(`${level} ${text}`)
      this.#news.emit('news')
    }
    const logger: Logger = { debug: write('DEBUG'), info: write('INFO'), warn: write('WARN'), error: write('ERROR') }
    this.broker = new Broker({ settings: DEFAULT_SETTINGS, store: new MemoryStore(), clock: this.clock, logger })
  }

  static async start(settings: TlsSettings): Promise<TlsBroker> {
    const started = new TlsBroker()
    const { broker, clock } = started
    const { logger, metrics, wheel } = broker
    const name = { name: 'secure', title: 'the listener' }
    const context = await ReloadingTlsContext.open(name, settings, { clock, logger, metrics })
    if (!(context instanceof ReloadingTlsContext)) throw context[0]!
    await broker.start()
    const acceptor = new TlsAcceptor(context, wheel, (address, reason) => {
      metrics.failedTlsHandshakes++
      logger.debug(`${address} refused: ${reason}`)
    })
    started.context = context
    started.#listener = new TcpListener(
      { name: 'secure', bindAddress: '127.0.0.1', port: 0 },
      new FlushQueue(),
      (link) => {
        started.peers.push(link.peer)
        broker.accept(link)
      },
      (error) => logger.error(error.message),
      { tls: acceptor },
    )
    await started.#listener.open()
    return started
  }

  /** A client that speaks TLS, before it has. */
  dial(options: ConnectionOptions): TLSSocket {
    const socket = connect({
      host: '127.0.0.1',
      port: this.#listener.port,
      servername: 'localhost',
      rejectUnauthorized: false,
      ...options,
    })
    socket.on('error', () => undefined)
    this.#sockets.push(socket)
    return socket
  }

  /** A client that speaks what it likes. */
  async dialPlain(): Promise<Socket> {
    const socket = connectTcp(this.#listener.port, '127.0.0.1')
    socket.on('error', () => undefined)
    this.#sockets.push(socket)
    await once(socket, 'connect')
    return socket
  }

  /** A client that says CONNECT; its CONNACK, or that it was let go without one. */
  async connack(options: ConnectionOptions = {}): Promise<'connected' | 'refused'> {
    const socket = this.dial(options)
    return (await answerTo(socket, CONNECT)) === null ? 'refused' : 'connected'
  }

  /** The same, with the connection, which stays. */
  async client(options: ConnectionOptions = {}): Promise<TLSSocket> {
    const socket = this.dial(options)
    if ((await answerTo(socket, CONNECT)) === null) throw new Error('refused')
    return socket
  }

  /** Waits until the broker has written a line like this. */
  async logged(pattern: RegExp): Promise<string> {
    for (;;) {
      const line = this.log.find((text) => pattern.test(text))
      if (line !== undefined) return line
      await once(this.#news, 'news')
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close()
    for (const socket of this.#sockets) socket.destroy()
    for (const { link } of this.broker.connections) link.destroy()
    this.broker.wheel.clear()
    await Promise.resolve()
  }
}

/** What comes first after `bytes` were sent; null if the connection ends before. */
export async function answerTo(socket: Socket, bytes: Buffer): Promise<Buffer | null> {
  const answer = new Promise<Buffer | null>((resolve) => {
    socket.once('data', resolve)
    socket.once('close', () => resolve(null))
  })
  socket.write(bytes)
  return answer
}

export const PINGREQ: Buffer = Buffer.from([0xc0, 0x00])
export const PINGRESP: Buffer = Buffer.from([0xd0, 0x00])
