// SPDX-License-Identifier: Apache-2.0
import { ACK_FIRST_BYTE } from '../codec/ack.ts'
import type { AckType } from '../codec/packet-type.ts'
import { ReasonCode } from '../codec/reason-code.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { OutputLink } from './outlet.ts'

/**
 * Writes PUBACK, PUBREC, PUBREL or PUBCOMP in its shortest form: four bytes. With or without a code, there are no properties
 * here that could make it too large for the client [MQTT-3.6.2-2] [MQTT-3.6.2-3] [MQTT-3.7.2-2] [MQTT-3.7.2-3].
 */
export function writeAck(metrics: Metrics, link: OutputLink, type: AckType, packetId: number): void {
  metrics.countSent(type, 4)
  const at = link.reserve(4)
  const { slab } = link
  slab[at] = ACK_FIRST_BYTE[type]
  slab[at + 1] = 2
  slab[at + 2] = packetId >> 8
  slab[at + 3] = packetId & 0xff
}

/** The same with a reason code, for MQTT 5: five bytes, unless the code is Success (spec 5.0, 3.4.2.1). */
export function writeAckWithReason(
  metrics: Metrics,
  link: OutputLink,
  type: AckType,
  packetId: number,
  reasonCode: ReasonCode,
): void {
  if (reasonCode === ReasonCode.SUCCESS) return writeAck(metrics, link, type, packetId)
  metrics.countSent(type, 5)
  const at = link.reserve(5)
  const { slab } = link
  slab[at] = ACK_FIRST_BYTE[type]
  slab[at + 1] = 3
  slab[at + 2] = packetId >> 8
  slab[at + 3] = packetId & 0xff
  slab[at + 4] = reasonCode
}
