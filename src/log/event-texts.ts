// SPDX-License-Identifier: Apache-2.0
import { type CloseReason, CloseReasons } from '../broker/close-reason.ts'
import { DropReason } from '../metrics/drop-reason.ts'
import type { DroppedMessage } from '../session/dropped-message.ts'

/** Where HiveMQ says it in other words than `CloseReasons`. The full stop in one of them is HiveMQ's, with another behind it. */
const HIVEMQ_WORDS: ReadonlyMap<CloseReason, string> = new Map([
  [CloseReasons.SESSION_TAKEN_OVER, 'Another client connected with the same client id.'],
  [CloseReasons.CLIENT_ID_EMPTY, 'Sent CONNECT with empty client id'],
])

/** For event.log's `was disconnected. reason: …`. */
export function disconnectReason(reason: CloseReason): string {
  return HIVEMQ_WORDS.get(reason) ?? reason.text
}

/** HiveMQ does not call it dropped when a message expires. */
export function isReported({ reason }: DroppedMessage): boolean {
  return reason !== DropReason.EXPIRED
}

/** For event.log's `was dropped. …, reason: …`. */
export function dropReason({ reason, size, limit }: DroppedMessage): string {
  if (limit === 0) return reason
  const [is, max] = reason === DropReason.QOS_0_MEMORY_EXCEEDED ? [grouped(size), grouped(limit)] : [size, limit]
  return `${reason}, size: ${is} bytes, max: ${max} bytes`
}

/** 1,234,567: the one text in which HiveMQ groups digits. */
function grouped(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}
