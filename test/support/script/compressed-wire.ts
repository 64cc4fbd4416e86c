// SPDX-License-Identifier: Apache-2.0
import { promisify } from 'node:util'
import { deflateRaw } from 'node:zlib'
import type { WebSocket } from 'ws'
import { newWebSocketAcceptor, webSocketUrl } from './web-socket-wire.ts'
import type { Wire } from './tcp-target.ts'
import { WebSocketStream } from './web-socket-stream.ts'

/** The part of `ws` that compresses, for one end of a connection. */
interface Compression {
  compress(data: unknown, isFinal: boolean, callback: (...args: unknown[]) => void): void
  decompress(data: unknown, isFinal: boolean, callback: (...args: unknown[]) => void): void
  cleanup: (this: Compression) => void
}

const deflate = promisify(deflateRaw)
const SMALL = Buffer.alloc(16)

// Compression is done on other threads, and takes as many turns of the event loop as it takes: only who counts what is under
// way knows when all has arrived. Both ends are in this process, and of one class.
const underWay = new Map<Compression, number>()
let isWatched = false

function watch(socket: WebSocket): void {
  if (isWatched) return
  isWatched = true
  const { _extensions: extensions } = socket as unknown as { _extensions: Record<string, Compression> }
  const prototype = Object.getPrototypeOf(extensions['permessage-deflate']) as Compression
  const { cleanup } = prototype
  for (const name of ['compress', 'decompress'] as const) {
    const method = prototype[name]
    prototype[name] = function (data, isFinal, callback): void {
      underWay.set(this, (underWay.get(this) ?? 0) + 1)
      method.call(this, data, isFinal, (...args) => {
        const left = (underWay.get(this) ?? 1) - 1
        if (left === 0) underWay.delete(this)
        else underWay.set(this, left)
        callback(...args)
      })
    }
  }
  prototype.cleanup = function (): void {
    underWay.delete(this)
    cleanup.call(this)
  }
}

/** Scripts within WebSocket, all that clients send compressed, and what of the broker's is long enough. */
export const compressedWire: Wire = {
  stages: () => ({ webSocket: newWebSocketAcceptor(true) }),
  open: (port) => WebSocketStream.open(webSocketUrl(port), { perMessageDeflate: { threshold: 0 } }, watch, arrival),
  otherThreads: {
    get isIdle() {
      return underWay.size === 0
    },
    turn,
  },
}

async function arrival(): Promise<void> {
  do await turn()
  while (underWay.size > 0)
}

async function turn(): Promise<void> {
  await deflate(SMALL)
}
