// SPDX-License-Identifier: Apache-2.0
import { WebSocketAcceptor } from '../../../src/net/websocket-acceptor.ts'
import { strictLogger } from '../strict-logger.ts'
import type { Wire } from './tcp-target.ts'
import { WebSocketStream } from './web-socket-stream.ts'

/** Scripts within WebSocket. */
export const webSocketWire: Wire = {
  stages: () => ({ webSocket: newWebSocketAcceptor() }),
  open: (port) => WebSocketStream.open(webSocketUrl(port)),
}

export function webSocketUrl(port: number): string {
  return `ws://127.0.0.1:${port}/mqtt`
}

/** HiveMQ's defaults, unless compression is allowed; a client that is refused is a fault of the test. */
export function newWebSocketAcceptor(allowExtensions = false): WebSocketAcceptor {
  const settings = { path: '/mqtt', subprotocols: ['mqttv3.1', 'mqtt'], allowExtensions }
  return new WebSocketAcceptor(settings, (_address, why) => strictLogger.error(why))
}
