// SPDX-License-Identifier: Apache-2.0
import {
  packetIdOffset,
  type PublishForm,
  publishFirstByte,
  publishLength,
  writePublishHead,
} from '../codec/publish-frame.ts'
import { PacketType } from '../codec/packet-type.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Message } from './message.ts'
import { MAX_RESERVE, type OutputLink } from './outlet.ts'
import type { Frame, Publication } from './publication.ts'

/**
 * Writes a frame with its packet identifier (0 at QoS 0) to one recipient. A long one is not copied: its head goes into the
 * link, its payload, which all recipients share, behind it.
 */
export function writeFrame(
  metrics: Metrics,
  link: OutputLink,
  frame: Frame,
  publication: Publication,
  packetId: number,
): void {
  metrics.countSent(PacketType.PUBLISH, frame.length)
  if (frame.source === null) return writeLongPublish(link, publication.message, frame.form, packetId, false)
  const at = link.reserve(frame.length)
  const { slab } = link
  if (frame.bytes !== null) slab.set(frame.bytes, at)
  else copyFrame(frame, slab, at)
  slab[at] = frame.firstByte // not that of the packet it came in [MQTT-3.3.1-3] [MQTT4-3.3.1-3]
  if (packetId !== 0) {
    slab[at + frame.packetIdAt] = packetId >> 8
    slab[at + frame.packetIdAt + 1] = packetId & 0xff
  }
}

/**
 * For the first recipients. `copy` takes 20 ns longer than `set`, but `set` needs a `Buffer` of the packet alone, which takes 40
 * ns and makes garbage: that pays from the third recipient on.
 */
function copyFrame(frame: Frame, target: Buffer, at: number): void {
  const { source, start, length } = frame
  if (frame.isWritten) frame.bytes = source!.subarray(start, start + length)
  frame.isWritten = true
  source!.copy(target, at, start, start + length)
}

/** Writes one message to one recipient: what was queued, retained, or is sent again. */
export function writePublish(
  metrics: Metrics,
  link: OutputLink,
  message: Message,
  form: PublishForm,
  packetId: number,
  dup: boolean,
): void {
  const length = publishLength(message, form)
  metrics.countSent(PacketType.PUBLISH, length)
  if (length > MAX_RESERVE) {
    writeLongPublish(link, message, form, packetId, dup)
    return
  }
  const at = link.reserve(length)
  const payloadAt = writePublishHead(link.slab, at, message, form)
  message.payload.copy(link.slab, payloadAt)
  finishHead(link.slab, at, message, form, packetId, dup)
}

function writeLongPublish(link: OutputLink, message: Message, form: PublishForm, packetId: number, dup: boolean): void {
  const length = publishLength(message, form) - message.payloadEnd
  if (length > MAX_RESERVE) {
    const head = Buffer.allocUnsafeSlow(length)
    writePublishHead(head, 0, message, form)
    finishHead(head, 0, message, form, packetId, dup)
    link.writeShared(head)
  } else {
    const at = link.reserve(length)
    writePublishHead(link.slab, at, message, form)
    finishHead(link.slab, at, message, form, packetId, dup)
  }
  if (message.payloadEnd > 0) link.writeShared(message.payload)
}

function finishHead(
  target: Buffer,
  at: number,
  message: Message,
  form: PublishForm,
  packetId: number,
  dup: boolean,
): void {
  target[at] = publishFirstByte(form.qos, form.retain, dup)
  if (packetId !== 0) target.writeUInt16BE(packetId, at + packetIdOffset(message, form))
}
