// SPDX-License-Identifier: Apache-2.0
import { encodePacket } from '../../src/codec/packet.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import type { Traffic } from './job.ts'

/** What all frames of a job have in common. */
export type FrameShape = Pick<Traffic, 'qos' | 'version' | 'payloadBytes'>

/** PUBLISH frames of one length, one behind the other, which a publisher sends in turn. */
export interface FrameRing {
  readonly bytes: Buffer
  readonly count: number
  readonly frameLength: number
}

/** Frames that are encoded beforehand, each with a packet identifier of its own; more than any window. */
const RING = 256
/** Bytes of them, so that large payloads do not fill the memory. At QoS 0 it only bounds what leaves in one write. */
const MAX_RING_BYTES = 512 * 1024

export const ALL_TOPICS = 'bench/#'

/** Names of one length, so that all frames of a job have one length. */
export function topicOf(index: number): string {
  return `bench/${String(index).padStart(3, '0')}/telemetry`
}

export function frameLengthOf(shape: FrameShape): number {
  return encodeFrames(shape, [topicOf(0)], 1).length
}

/** A ring in which the topics take turns. */
export function makeRing(shape: FrameShape, topicNames: readonly string[]): FrameRing {
  const frameLength = frameLengthOf(shape)
  const most = Math.min(RING, Math.ceil(MAX_RING_BYTES / frameLength))
  const count = most - (most % topicNames.length)
  return { bytes: encodeFrames(shape, topicNames, count), count, frameLength }
}

/** `count` PUBLISH frames one behind the other, with packet identifiers from 1 on where there are any. */
function encodeFrames(shape: FrameShape, topicNames: readonly string[], count: number): Buffer {
  const { qos, version } = shape
  // Not all zeros, so that nothing on the way can make it cheaper than real payloads.
  const payload = Buffer.alloc(shape.payloadBytes, '{"value":21.5,"timestamp_ms":1700000000000}')
  const frames: Buffer[] = []
  for (let packetId = 1; packetId <= count; packetId++) {
    const topicName = topicNames[(packetId - 1) % topicNames.length]!
    const packet = { type: PacketType.PUBLISH, topicName, payload, qos, retain: false, dup: false } as const
    frames.push(encodePacket(qos === 0 ? packet : { ...packet, packetId }, version))
  }
  return Buffer.concat(frames)
}
