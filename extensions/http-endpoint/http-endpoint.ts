// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Awaitable, ExtensionLogger, Scheduler } from 'waggle/extension'

/** Where an endpoint is found. */
export interface EndpointAddress {
  readonly host: string
  readonly port: number
  /** Begins with a slash. */
  readonly path: string
}

const MAX_PORT = 65_535
/** What a configuration may say, for who has to be told. */
export const PORTS: string = `a whole number from 1 to ${MAX_PORT}`

export function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_PORT
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => Awaitable<void>

export interface HttpEndpointParts {
  readonly scheduler: Scheduler
  readonly log: ExtensionLogger
  /** Methods that are answered; to any other the answer is 405. */
  readonly methods: readonly string[]
  readonly answer: Answer
}

/** A probe sends 100 bytes, a browser one or two thousand. */
const MAX_HEADER_BYTES = 8 * 1024
/** From the first byte of the request to the last of the answer: Prometheus itself waits as long for a scrape. */
const CONNECTION_MS = 10_000
/** Beyond, the oldest has to go and not the newest: a probe is answered within a turn, whoever holds connections is not asking. */
const MAX_CONNECTIONS = 64

/**
 * One path that is asked for over HTTP, by probes and scrapers. Every connection gets one answer and is closed, so nobody can
 * hold one, send requests ahead, or send a body without end. For one path a framework would be more than it does for us.
 */
export class HttpEndpoint {
  readonly #parts: HttpEndpointParts
  readonly #connections = new Set<Socket>()
  #server: Server | null = null
  #path = '/'

  constructor(parts: HttpEndpointParts) {
    this.#parts = parts
  }

  /** Listens there, and nowhere else from here on. Rejects with the system's error where that cannot be. */
  async open({ host, port, path }: EndpointAddress): Promise<void> {
    this.#stopListening()
    this.#path = path
    // Not imported: the broker is one file, whose imports each start pays for, with an endpoint or without (30 ms and 19 MB).
    const { createServer } = process.getBuiltinModule('node:http')
    const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
      void this.#respond(request, response)
    })
    server.on('connection', (socket: Socket) => this.#onConnection(socket))
    await once(server.listen({ host, port }), 'listening')
    // Those that could not be accepted, for want of file descriptors: the log of the listeners says it as well.
    server.on('error', ({ message }) => this.#parts.log.debug(`a connection could not be accepted: ${message}`))
    this.#server = server
  }

  close(): void {
    this.#stopListening()
    for (const socket of this.#connections) socket.destroy()
  }

  #stopListening(): void {
    this.#server?.close()
    this.#server = null
  }

  #onConnection(socket: Socket): void {
    if (this.#connections.size >= MAX_CONNECTIONS) {
      const [oldest] = this.#connections
      oldest!.destroy()
      this.#connections.delete(oldest!)
    }
    this.#connections.add(socket)
    const limit = this.#parts.scheduler.after(CONNECTION_MS, () => void socket.destroy())
    socket.once('close', () => {
      limit[Symbol.dispose]()
      this.#connections.delete(socket)
    })
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('Connection', 'close')
    const { methods, answer, log } = this.#parts
    const [path] = request.url!.split('?', 1)
    if (path !== this.#path && path !== `${this.#path}/`) {
      end(response, 404)
    } else if (!methods.includes(request.method!)) {
      response.setHeader('Allow', methods.join(', '))
      end(response, 405)
    } else {
      try {
        await answer(request, response)
      } catch (error) {
        log.error(`${request.method} ${path} failed`, error)
        if (!response.headersSent) end(response, 500)
        else request.socket.destroy()
      }
    }
  }
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Length': 0 }).end()
}
