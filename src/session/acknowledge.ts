// SPDX-License-Identifier: Apache-2.0
import { type Fault, faultsOf } from '../codec/fault.ts'
import { PacketType } from '../codec/packet-type.ts'
import { ProtocolVersion } from '../codec/protocol-version.ts'
import { FIRST_ERROR, ReasonCode } from '../codec/reason-code.ts'
import { writeAck, writeAckWithReason } from './ack-writer.ts'
import { type Delivery, DeliveryState } from './delivery.ts'
import type { DroppedMessage } from './dropped-message.ts'
import type { Ledger } from './ledger.ts'
import type { Outlet } from './outlet.ts'
import { pump } from './pump.ts'
import type { Session } from './session.ts'

// What a client says to messages that it got. All of it answers to packet identifiers of the server's own space.

const table = {
  ACK_OF_WRONG_KIND: [0x82, 'Acknowledgement does not fit the QoS or the state of its message', 'spec 4.3'],
} as const

export const AckFaults: { readonly [Name in keyof typeof table]: Fault } = faultsOf(table)

/**
 * PUBACK: a QoS 1 message has arrived. An error code counts the same: it is not sent again [MQTT-4.4.0-2], nor to another
 * member of a group [MQTT-4.8.2-6].
 */
export function onPuback(ledger: Ledger, session: Session, packetId: number): Fault | null {
  const delivery = session.window.get(packetId)
  if (delivery === null) return null
  if (delivery.qos !== 1) return AckFaults.ACK_OF_WRONG_KIND
  finish(ledger, session, delivery)
  return null
}

/**
 * PUBREC: a QoS 2 message has arrived. It is answered with PUBREL [MQTT-4.3.3-4] [MQTT4-4.3.3-1] of the same identifier
 * [MQTT-2.2.1-5] [MQTT4-2.3.1-6], in the order of the PUBRECs [MQTT-4.6.0-4] [MQTT4-4.6.0-4].
 */
export function onPubrec(
  ledger: Ledger,
  session: Session,
  outlet: Outlet,
  packetId: number,
  reasonCode: number,
): Fault | null {
  const delivery = session.window.get(packetId)
  if (delivery === null) {
    const isVersion5 = outlet.version === ProtocolVersion.V5
    const answer = isVersion5 ? ReasonCode.PACKET_IDENTIFIER_NOT_FOUND : ReasonCode.SUCCESS
    writeAckWithReason(ledger.metrics, outlet.link, PacketType.PUBREL, packetId, answer) // spec 3.6.2.1
    return null
  }
  if (delivery.qos !== 2) return AckFaults.ACK_OF_WRONG_KIND
  if (reasonCode >= FIRST_ERROR) {
    // The client does not want it: identifier and quota are free, no PUBREL [MQTT-4.3.3-4] [MQTT-4.4.0-2].
    finish(ledger, session, delivery)
    return null
  }
  if (delivery.state !== DeliveryState.RELEASED) {
    delivery.state = DeliveryState.RELEASED
    ledger.released(delivery, session)
  }
  if (!delivery.isStored) writeAck(ledger.metrics, outlet.link, PacketType.PUBREL, packetId)
  else {
    // After PUBREL the client forgets the identifier, so from then on the PUBLISH must not come again, also after a crash.
    ledger.whenDurable(() => {
      if (session.outlet === outlet) writeAck(ledger.metrics, outlet.link, PacketType.PUBREL, packetId)
    })
  }
  return null
}

/** PUBCOMP: a QoS 2 message is done. */
export function onPubcomp(ledger: Ledger, session: Session, packetId: number): Fault | null {
  const delivery = session.window.get(packetId)
  if (delivery === null) return null
  if (delivery.state !== DeliveryState.RELEASED) return AckFaults.ACK_OF_WRONG_KIND
  finish(ledger, session, delivery)
  return null
}

/**
 * A message that was on its way to the client has been stopped at the last moment. It counts as dropped, and is not sent
 * again. Whoever has stopped it asks for more in its place.
 */
export function giveUpSent(ledger: Ledger, session: Session, packetId: number, dropped: DroppedMessage): void {
  if (dropped.qos === 0) {
    ledger.metrics.delivered--
    ledger.refuseSent(dropped)
    return
  }
  const delivery = session.window.get(packetId)
  if (delivery === null) return
  session.window.remove(delivery)
  ledger.refuseSent({ ...dropped, receiver: delivery.group ?? session })
  ledger.done(delivery, session)
}

function finish(ledger: Ledger, session: Session, delivery: Delivery): void {
  session.window.remove(delivery)
  ledger.delivered(delivery, session)
  if (session.hasBacklog) pump(ledger, session)
}
