// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** What follows the key before it is hashed (RFC 6455, 1.3). */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
/** 16 bytes in Base64. */
const KEY = /^[A-Za-z0-9+/]{22}==$/

/** An answer that refuses a request, and ends the connection. */
export interface Refusal {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** For the log. */
  readonly why: string
}

/**
 * Why a request cannot become a WebSocket, or null (RFC 6455, 4.2). The query is not part of the path. Origin is not looked
 * at, as in HiveMQ: it protects sites whose cookies a browser sends along, and MQTT clients name themselves in CONNECT.
 */
export function refusalOf(request: IncomingMessage, path: string): Refusal | null {
  const { method, url = '', headers } = request
  if (url.split('?', 1)[0] !== path) return refusal(404, 'not the path of the listener')
  if (method !== 'GET') return refusal(405, 'not GET', { Allow: 'GET' })
  if (request.httpVersionMajor !== 1 || request.httpVersionMinor < 1) return refusal(400, 'HTTP before 1.1')
  if (headers.host === undefined) return refusal(400, 'no Host')
  if (headers.upgrade?.toLowerCase() !== 'websocket') {
    return refusal(426, 'no upgrade to WebSocket', { Upgrade: 'websocket' })
  }
  if (headers['sec-websocket-version'] !== '13') {
    return refusal(426, 'not version 13 of WebSocket', { Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' })
  }
  if (!KEY.test(headers['sec-websocket-key'] ?? '')) return refusal(400, 'no valid Sec-WebSocket-Key')
  // Its body would be taken for frames.
  if ((headers['content-length'] ?? '0') !== '0' || headers['transfer-encoding'] !== undefined) {
    return refusal(400, 'a request with a body')
  }
  return null
}

function refusal(status: number, why: string, headers: Record<string, string> = {}): Refusal {
  return { status, headers: { ...headers, 'Content-Length': '0', Connection: 'close' }, why }
}

/**
 * The first of the client's subprotocols, which stand in its order of preference, that the listener has [MQTT-6.0.0-3]
 * [MQTT4-6.0.0-3]. A client that offers none of them is let in without one, as in HiveMQ: scripts rely on it.
 */
export function selectSubprotocol(request: IncomingMessage, subprotocols: readonly string[]): string | null {
  const offered = request.headers['sec-websocket-protocol']?.split(',').map((name) => name.trim()) ?? []
  return offered.find((name) => subprotocols.includes(name)) ?? null
}

/** The answer to a request that becomes a WebSocket, with the subprotocol that was chosen [MQTT-6.0.0-4] [MQTT4-6.0.0-4]. */
export function acceptance(request: IncomingMessage, subprotocol: string | null): Buffer {
  const key = request.headers['sec-websocket-key']!
  const headers: Record<string, string> = {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Accept': createHash('sha1').update(key).update(GUID).digest('base64'),
  }
  if (subprotocol !== null) headers['Sec-WebSocket-Protocol'] = subprotocol
  return encodeHead(101, headers)
}

/** Status line and headers of an answer without body. */
export function encodeHead(status: number, headers: Readonly<Record<string, string>>): Buffer {
  // Not imported; see WebSocketAcceptor.
  const { STATUS_CODES } = process.getBuiltinModule('node:http')
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n`, 'latin1')
}
