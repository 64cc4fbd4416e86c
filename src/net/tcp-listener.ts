// SPDX-License-Identifier: Apache-2.0
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Link } from '../broker/link.ts'
import type { ListenerInfo, ListenerKind, Peer, TlsPeer } from '../broker/peer.ts'
import type { FlushQueue } from './flush-queue.ts'
import { StreamLink } from './link.ts'
import type { ProxyProtocol, Source } from './proxy-protocol.ts'
import { TcpTransport } from './tcp-transport.ts'
import type { TlsAcceptor } from './tls-acceptor.ts'
import { TlsTransport } from './tls-transport.ts'
import type { StartableTransport } from './transport.ts'
import type { WebSocketAcceptor } from './websocket-acceptor.ts'

export interface TcpListenerSettings {
  readonly name: string
  readonly bindAddress: string
  /** 0 for any that is free. */
  readonly port: number
}

/** What a connection goes through before it carries MQTT, in this order; null for what it does not. */
export interface ListenerStages {
  readonly proxyProtocol: ProxyProtocol | null
  readonly tls: TlsAcceptor | null
  readonly webSocket: WebSocketAcceptor | null
}

/** Connections that the kernel holds while the event loop is busy; it cuts this to its own limit (net.core.somaxconn). */
const BACKLOG = 4096

/** Listens for MQTT over TCP: plain, within TLS, WebSocket or both. */
export class TcpListener {
  readonly settings: TcpListenerSettings
  readonly #server: Server
  readonly #stages: ListenerStages
  readonly #begin: (transport: StartableTransport) => void
  readonly #onError: (error: Error) => void
  #info!: ListenerInfo

  /** `onError` hears of connections that could not be accepted: no file descriptors left, mostly. */
  constructor(
    settings: TcpListenerSettings,
    flushQueue: FlushQueue,
    onLink: (link: Link) => void,
    onError: (error: Error) => void,
    stages: Partial<ListenerStages> = {},
  ) {
    this.settings = settings
    this.#stages = { proxyProtocol: null, tls: null, webSocket: null, ...stages }
    this.#begin = (transport) => {
      onLink(new StreamLink(transport, flushQueue))
      transport.start()
    }
    this.#server = createServer({ pauseOnConnect: true, noDelay: true, keepAlive: true }, (socket) => {
      const { proxyProtocol } = this.#stages
      if (proxyProtocol === null) this.#accept(socket, sourceOf(socket))
      else proxyProtocol.accept(socket, (source) => this.#accept(socket, source))
    })
    this.#onError = onError
  }

  get kind(): ListenerKind {
    const { tls, webSocket } = this.#stages
    if (webSocket === null) return tls === null ? 'tcp' : 'tls-tcp'
    return tls === null ? 'websocket' : 'tls-websocket'
  }

  /** The port in use, which differs from that of the settings when those say 0. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get info(): ListenerInfo {
    return this.#info
  }

  /** Rejects with the system's error when the address cannot be bound. */
  open(): Promise<void> {
    const { bindAddress, port } = this.settings
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host: bindAddress, port, backlog: BACKLOG }, () => {
        this.#server.off('error', reject)
        this.#server.on('error', this.#onError)
        this.#info = { kind: this.kind, name: this.settings.name, bindAddress, port: this.port }
        resolve()
      })
    })
  }

  /** Takes no new connections; open ones are not touched. */
  close(): void {
    this.#server.close()
    this.#stages.proxyProtocol?.close()
    this.#stages.tls?.close()
  }

  /** `source` is who the client is; it was asked for at the beginning, since a client may be gone by the end of a handshake. */
  #accept(socket: Socket, source: Source): void {
    const { tls } = this.#stages
    if (tls === null) this.#carry(socket, source, null, TcpTransport)
    else tls.accept(socket, source.address, (secure, tlsPeer) => this.#carry(secure, source, tlsPeer, TlsTransport))
  }

  #carry<Carrier extends Socket>(
    socket: Carrier,
    { address, port }: Source,
    tls: TlsPeer | null,
    Transport: new (socket: Carrier, peer: Peer) => StartableTransport,
  ): void {
    const peer: Peer = { address, port, listener: this.#info, tls }
    const { webSocket } = this.#stages
    if (webSocket === null) this.#begin(new Transport(socket, peer))
    else this.#begin(webSocket.accept(socket, peer, () => new Transport(socket, peer)))
  }
}

function sourceOf({ remoteAddress, remotePort }: Socket): Source {
  return { address: remoteAddress ?? 'UNKNOWN', port: remotePort ?? 0 }
}
