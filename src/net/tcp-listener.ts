// SPDX-License-Identifier: Apache-2.0
import { createServer, type AddressInfo, type Server } from 'node:net'
import type { Link } from '../broker/link.ts'
import type { ListenerInfo } from '../broker/peer.ts'
import type { FlushQueue } from './flush-queue.ts'
import { StreamLink } from './link.ts'
import { TcpTransport } from './tcp-transport.ts'

export interface TcpListenerSettings {
  readonly name: string
  readonly bindAddress: string
  /** 0 for any that is free. */
  readonly port: number
}

/** Connections that the kernel holds while the event loop is busy; it cuts this to its own limit (net.core.somaxconn). */
const BACKLOG = 4096

/** Listens for MQTT over plain TCP. */
export class TcpListener {
  readonly settings: TcpListenerSettings
  readonly #server: Server
  readonly #onError: (error: Error) => void
  #info!: ListenerInfo

  /** `onError` hears of connections that could not be accepted: no file descriptors left, mostly. */
  constructor(
    settings: TcpListenerSettings,
    flushQueue: FlushQueue,
    onLink: (link: Link) => void,
    onError: (error: Error) => void,
  ) {
    this.settings = settings
    this.#server = createServer({ pauseOnConnect: true, noDelay: true, keepAlive: true }, (socket) => {
      const transport = new TcpTransport(socket, this.#info)
      onLink(new StreamLink(transport, flushQueue))
      transport.start()
    })
    this.#onError = onError
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
        this.#info = { kind: 'tcp', name: this.settings.name, bindAddress, port: this.port }
        resolve()
      })
    })
  }

  /** Takes no new connections; open ones are not touched. */
  close(): void {
    this.#server.close()
  }
}
