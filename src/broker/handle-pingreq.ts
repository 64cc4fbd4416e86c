// SPDX-License-Identifier: Apache-2.0
import { type Fault, Faults } from '../codec/fault.ts'
import { PacketType } from '../codec/packet-type.ts'
import { ProtocolVersion } from '../codec/protocol-version.ts'
import type { Connection } from './connection.ts'

const PINGRESP_FIRST_BYTE = 0xd0

/** PINGREQ is answered with PINGRESP [MQTT-3.12.4-1] [MQTT4-3.12.4-1]. */
export function handlePingreq(connection: Connection, firstByte: number, start: number, end: number): Fault | null {
  // [MQTT-2.1.3-1] [MQTT4-2.2.2-2]; unused in 3.1
  if ((firstByte & 0x0f) !== 0 && connection.version !== ProtocolVersion.V3_1) return Faults.RESERVED_FLAGS
  if (start !== end) return Faults.TRAILING_BYTES
  const { link, broker } = connection
  broker.metrics.countSent(PacketType.PINGRESP, 2)
  const at = link.reserve(2)
  link.slab[at] = PINGRESP_FIRST_BYTE
  link.slab[at + 1] = 0
  return null
}
