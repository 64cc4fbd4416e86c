// SPDX-License-Identifier: Apache-2.0
import { encodePacket } from '../../src/codec/packet.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import type { Traffic } from './job.ts'

export const ALL_TOPICS = 'bench/#'

/** Names of one length, so that all frames of a job have one length. */
export function topicOf(index: number): string {
  return `bench/${String(index).padStart(3, '0')}/telemetry`
}

/** `count` PUBLISH frames one behind the other, with packet identifiers from 1 on where there are any. */
export function encodeFrames(traffic: Traffic, topicName: string, count: number): Buffer {
  const { qos, version } = traffic
  // Not all zeros, so that nothing on the way can make it cheaper than real payloads.
  const payload = Buffer.alloc(traffic.payloadBytes, '{"value":21.5,"timestamp_ms":1700000000000}')
  const packet = { type: PacketType.PUBLISH, topicName, payload, qos, retain: false, dup: false } as const
  const frames: Buffer[] = []
  for (let packetId = 1; packetId <= count; packetId++) {
    frames.push(encodePacket(qos === 0 ? packet : { ...packet, packetId }, version))
  }
  return Buffer.concat(frames)
}
