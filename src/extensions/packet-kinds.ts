// SPDX-License-Identifier: Apache-2.0
import { inboundAcks, outboundAcks } from './ack-kinds.ts'
import { connackOutbound } from './connection-kinds.ts'
import { disconnectInbound, disconnectOutbound } from './disconnect-kinds.ts'
import type { PacketKind } from './packet-kind.ts'
import { publishInbound, publishOutbound } from './publish-kinds.ts'
import { subackOutbound, subscribeInbound, unsubackOutbound, unsubscribeInbound } from './subscription-kinds.ts'

/** What interceptors of one client see: packets from it, by their type, and packets to it. */
export const INBOUND_KINDS: ReadonlyMap<number, PacketKind> = byType([
  publishInbound,
  subscribeInbound,
  unsubscribeInbound,
  ...inboundAcks,
  disconnectInbound,
])

export const OUTBOUND_KINDS: ReadonlyMap<number, PacketKind> = byType([
  connackOutbound,
  publishOutbound,
  subackOutbound,
  unsubackOutbound,
  ...outboundAcks,
  disconnectOutbound,
])

function byType(kinds: readonly PacketKind[]): ReadonlyMap<number, PacketKind> {
  return new Map(kinds.map((kind) => [kind.type, kind]))
}
