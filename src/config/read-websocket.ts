// SPDX-License-Identifier: Apache-2.0
import { quoted } from './complaint.ts'
import type { ElementReader } from './element-reader.ts'
import type { WebSocketConfig } from './listener-config.ts'
import { WEBSOCKET } from './listener-elements.ts'

export function readWebSocket(listener: ElementReader): WebSocketConfig {
  // A list that is given replaces the default, even an empty one.
  const subprotocols = listener.list(WEBSOCKET.subprotocols)?.map(({ text }) => text)
  if (subprotocols !== undefined) listener.settle(WEBSOCKET.subprotocols, subprotocols)
  return {
    path: readPath(listener),
    subprotocols: subprotocols ?? WEBSOCKET.subprotocols.default!,
    allowExtensions: listener.boolean(WEBSOCKET.allowExtensions),
  }
}

/** The path of a request begins with a slash: HiveMQ would open a listener that no client can reach. */
function readPath(listener: ElementReader): string {
  const path = listener.text(WEBSOCKET.path)
  if (path.startsWith('/')) return path
  listener.complain(WEBSOCKET.path.path, {
    severity: 'warning',
    ...listener.placeOf(WEBSOCKET.path.path),
    found: quoted(path),
    expected: 'a path that begins with /',
    consequence: `${quoted(`/${path}`)} is used`,
  })
  return listener.settle(WEBSOCKET.path, `/${path}`)
}
