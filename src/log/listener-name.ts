// SPDX-License-Identifier: Apache-2.0
import type { ListenerKind } from '../broker/peer.ts'

/** HiveMQ's two names for each kind of listener: while it is being started, and from then on. */
export const LISTENER_NAMES: Readonly<Record<ListenerKind, { readonly starting: string; readonly started: string }>> = {
  tcp: { starting: 'TCP', started: 'TCP Listener' },
  'tls-tcp': { starting: 'TLS TCP', started: 'TCP Listener with TLS' },
  websocket: { starting: 'Websocket', started: 'Websocket Listener' },
  'tls-websocket': { starting: 'Websocket TLS', started: 'Websocket Listener with TLS' },
}
