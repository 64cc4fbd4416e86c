// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Peer } from '../broker/peer.ts'
import type { StartableTransport, TransportSink } from './transport.ts'
import { CloseCode } from './websocket-frame.ts'
import { WebSocketFaults } from './websocket-faults.ts'

/**
 * `ws` puts messages together, inflated, before anybody sees them, and 1 kB can hold 1 MB: this is what one connection can
 * have kept, also before CONNECT. Who sends larger packets has to send them without compression.
 */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024
/** Less is sent as it is; the default of `ws`. */
const THRESHOLD_BYTES = 1024

/** Does HTTP requests offer what this file is for? */
export function offersCompression(request: IncomingMessage): boolean {
  return request.headers['sec-websocket-extensions']?.includes('permessage-deflate') ?? false
}

/** Answers requests with permessage-deflate (RFC 7692), which `ws` does; all other connections do without that library. */
export class CompressedWebSockets {
  readonly #server: WebSocketServer

  /** `onMalformed` gets requests with nothing wrong but their offer of extensions, and has to answer them. */
  constructor(
    selectSubprotocol: (request: IncomingMessage) => string | null,
    onMalformed: (error: Error, socket: Socket) => void,
  ) {
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      autoPong: false,
      maxPayload: MAX_MESSAGE_BYTES,
      handleProtocols: (_offered, request) => selectSubprotocol(request) ?? false,
      perMessageDeflate: {
        // A window for each direction that stays would be 300 kB for each connection.
        serverNoContextTakeover: true,
        clientNoContextTakeover: true,
        threshold: THRESHOLD_BYTES,
      },
    }).on('wsClientError', (error, socket) => onMalformed(error, socket as Socket))
  }

  accept(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    peer: Peer,
    onTransport: (transport: StartableTransport) => void,
  ): void {
    this.#server.handleUpgrade(request, socket, head, (ws) => onTransport(new CompressedWebSocket(ws, peer)))
  }
}

class CompressedWebSocket implements StartableTransport {
  sink!: TransportSink
  readonly peer: Peer
  readonly #ws: WebSocket
  #closeCode: number = CloseCode.NORMAL
  readonly #onWritten = (error?: Error | null): void => {
    if (!error) this.sink.onWritten()
  }

  constructor(ws: WebSocket, peer: Peer) {
    this.#ws = ws
    this.peer = peer
  }

  start(): void {
    const ws = this.#ws
    ws.on('message', (message, isBinary) => {
      if (isBinary) this.sink.onBytes(message as Buffer, (message as Buffer).length)
      else {
        this.#closeCode = CloseCode.UNSUPPORTED_DATA
        this.sink.onEnded(WebSocketFaults.TEXT_FRAME) // [MQTT-6.0.0-1] [MQTT4-6.0.0-1]
      }
    })
    // Not while it does not read what is there for it: Pongs would pile up.
    ws.on('ping', (payload) => {
      if (ws.bufferedAmount === 0) ws.pong(payload)
    })
    ws.on('error', () => undefined) // It has said Close, and `close` follows.
    ws.on('close', () => this.sink.onClosed())
  }

  /** Compression takes a thread: nothing is written when this returns. */
  write(bytes: Buffer): boolean {
    if (this.#ws.readyState !== this.#ws.OPEN) return true
    this.#ws.send(bytes, { binary: true }, this.#onWritten)
    return false
  }

  writeAll(chunks: readonly Buffer[]): boolean {
    return this.write(Buffer.concat(chunks))
  }

  pauseReading(): void {
    this.#ws.pause()
  }

  resumeReading(): void {
    this.#ws.resume()
  }

  end(): void {
    this.#ws.close(this.#closeCode)
  }

  destroy(): void {
    this.#ws.terminate()
  }
}
