// SPDX-License-Identifier: Apache-2.0
import { createServer, type AddressInfo, type Server } from 'node:net'
import type { Link } from '../broker/link.ts'
import type { ListenerInfo } from '../broker/peer.ts'
import type { FlushQueue } from './flush-queue.ts'
import { StreamLink } from './link.ts'
import { TcpTransport } from './tcp-transport.ts'
import type { TlsAcceptor } from './tls-acceptor.ts'
import { TlsTransport } from './tls-transport.ts'
import type { Transport } from './transport.ts'

export interface TcpListenerSettings {
  readonly name: string
  readonly bindAddress: string
  /** 0 for any that is free. */
  readonly port: number
}

/** Connections that the kernel holds while the event loop is busy; it cuts this to its own limit (net.core.somaxconn). */
const BACKLOG = 4096

/** Listens for MQTT over TCP, plain or within TLS. */
export class TcpListener {
  readonly settings: TcpListenerSettings
  readonly #server: Server
  readonly #acceptor: TlsAcceptor | null
  readonly #onError: (error: Error) => void
  #info!: ListenerInfo

  /**
   * `onError` hears of connections that could not be accepted: no file descriptors left, mostly. With an `acceptor` it
   * listens for TLS.
   */
  constructor(
    settings: TcpListenerSettings,
    flushQueue: FlushQueue,
    onLink: (link: Link) => void,
    onError: (error: Error) => void,
    acceptor: TlsAcceptor | null = null,
  ) {
    this.settings = settings
    this.#acceptor = acceptor
    const begin = (transport: Transport & { start(): void }): void => {
      onLink(new StreamLink(transport, flushQueue))
      transport.start()
    }
    this.#server = createServer({ pauseOnConnect: true, noDelay: true, keepAlive: true }, (socket) => {
      if (acceptor === null) return begin(new TcpTransport(socket, this.#info))
      // Asked for now, since a client may be gone by the end of the handshake.
      const { remoteAddress: address = 'UNKNOWN', remotePort: port = 0 } = socket
      const listener = this.#info
      acceptor.accept(socket, (secure, tls) => begin(new TlsTransport(secure, { address, port, listener, tls })))
    })
    this.#onError = onError
  }

  get kind(): 'tcp' | 'tls-tcp' {
    return this.#acceptor === null ? 'tcp' : 'tls-tcp'
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
    this.#acceptor?.close()
  }
}
