// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Peer } from '../broker/peer.ts'
import { CompressedWebSockets, offersCompression } from './compressed-web-socket.ts'
import type { StartableTransport } from './transport.ts'
import { acceptance, encodeHead, type Refusal, refusalOf, selectSubprotocol } from './websocket-request.ts'
import { WebSocketFrames } from './websocket-frames.ts'
import { WebSocketTransport } from './websocket-transport.ts'

export interface WebSocketSettings {
  readonly path: string
  readonly subprotocols: readonly string[]
  readonly allowExtensions: boolean
}

/** HiveMQ's. */
const MAX_HEAD_BYTES = 64 * 1024
/** The server says what the parser found in `code`. */
const HEAD_TOO_LARGE = 'HPE_HEADER_OVERFLOW'

interface Pending {
  readonly transport: WebSocketTransport
  readonly carry: () => StartableTransport
}

/**
 * Takes connections through the HTTP request that makes them WebSockets. Anything else that HTTP can ask for is refused
 * with its status, and the connection ends. The HTTP server listens nowhere; it is handed connections, whatever accepted them.
 */
export class WebSocketAcceptor {
  readonly #settings: WebSocketSettings
  readonly #onRefused: (address: string, why: string) => void
  /** Connections whose request has not been answered. The broker holds them to the time that it gives for CONNECT. */
  readonly #pending = new Map<Socket, Pending>()
  readonly #server: Server
  /** Null where extensions are not allowed. */
  readonly #compressed: CompressedWebSockets | null

  constructor(settings: WebSocketSettings, onRefused: (address: string, why: string) => void) {
    this.#settings = settings
    this.#onRefused = onRefused
    this.#compressed = settings.allowExtensions
      ? new CompressedWebSockets(
          (request) => selectSubprotocol(request, settings.subprotocols),
          (error, socket) => this.#onMalformed(error, socket),
        )
      : null
    const refuse = (request: IncomingMessage, response: ServerResponse): void => this.#refuse(request, response)
    // Only a listener that needs it loads it: an import would cost each start 30 ms and 19 MB, with all of Node's fetch.
    const { createServer } = process.getBuiltinModule('node:http')
    this.#server = createServer({ maxHeaderSize: MAX_HEAD_BYTES }, refuse)
      .on('checkContinue', refuse)
      .on('checkExpectation', refuse)
      .on('upgrade', (request, socket, head) => this.#upgrade(request, socket as Socket, head))
      .on('connect', (request, socket) => this.#refuseOn(request, socket as Socket))
      .on('clientError', (error, socket) => this.#onMalformed(error, socket as Socket))
    this.#server.timeout = 0
  }

  /** The transport of a connection that nobody has begun to read. `carry` makes what it runs over, once it does. */
  accept(socket: Socket, peer: Peer, carry: () => StartableTransport): WebSocketTransport {
    const transport = new WebSocketTransport(socket, peer, () => this.#read(socket))
    this.#pending.set(socket, { transport, carry })
    socket.once('close', () => this.#pending.delete(socket))
    return transport
  }

  #read(socket: Socket): void {
    this.#server.emit('connection', socket)
    socket.resume()
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    // Of a request with a body `socket` is a stream of its own.
    const pending = this.#pending.get(request.socket)
    // It came in the same breath as a request that was refused, after whose answer the server closes.
    if (pending === undefined) return void socket.resume()
    if (refusalOf(request, this.#settings.path) !== null) return this.#refuseOn(request, socket)
    const { transport, carry } = pending
    const begin = (carrier: StartableTransport): void => {
      this.#pending.delete(socket)
      transport.begin(carrier)
    }
    if (this.#compressed !== null && offersCompression(request)) {
      this.#compressed.accept(request, socket, head, transport.peer, begin)
      return
    }
    const subprotocol = selectSubprotocol(request, this.#settings.subprotocols)
    begin(new WebSocketFrames(carry(), acceptance(request, subprotocol), head))
  }

  /** A request that asks for no upgrade. */
  #refuse(request: IncomingMessage, response: ServerResponse): void {
    const { status, headers } = this.#refusal(request)
    response.writeHead(status, headers).end()
  }

  /** One after which the server lets go of the connection. */
  #refuseOn(request: IncomingMessage, socket: Socket): void {
    const { status, headers } = this.#refusal(request)
    socket.end(encodeHead(status, headers))
    // What still comes is thrown away, so that the client's end is seen.
    socket.resume()
  }

  #refusal(request: IncomingMessage): Refusal {
    const refusal = refusalOf(request, this.#settings.path)!
    this.#report(request.socket, `${refusal.status}, ${refusal.why}`)
    return refusal
  }

  /** What came is not HTTP, or too much of it; or the connection is gone. */
  #onMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
    const status = error.code === HEAD_TOO_LARGE ? 431 : 400
    this.#report(socket, `${status}, ${error.message}`)
    if (socket.writable) socket.end(encodeHead(status, { 'Content-Length': '0', Connection: 'close' }))
    socket.destroySoon()
  }

  #report(socket: Socket, why: string): void {
    const pending = this.#pending.get(socket)
    if (pending === undefined) return
    this.#pending.delete(socket)
    this.#onRefused(pending.transport.peer.address, `HTTP ${why}`)
  }
}
