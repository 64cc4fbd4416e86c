// SPDX-License-Identifier: Apache-2.0
import type { Disconnect } from '../codec/disconnect.ts'
import { PacketType } from '../codec/packet-type.ts'
import { isReasonCodeOf, ReasonCode } from '../codec/reason-code.ts'
import type { DisconnectPacket } from '../extension-sdk/packets.ts'
import { expectValue, toInteger, toText } from './given-values.ts'
import {
  limitsOf,
  modifierOf,
  type PacketKind,
  takeReasonString,
  takeUserProperties,
  withProperty,
} from './packet-kind.ts'

/** What a client may say (spec 5.0, 3.14.2.1). */
const CLIENT_CODES: ReadonlySet<number> = new Set([
  0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
])

/** That its will is to be published is for a client to say. */
export function isServersCode(code: number): boolean {
  return code !== ReasonCode.DISCONNECT_WITH_WILL_MESSAGE && isReasonCodeOf(PacketType.DISCONNECT, code)
}

function toView({ reasonCode, properties }: Disconnect): DisconnectPacket {
  return {
    reasonCode,
    reasonString: properties?.reasonString,
    sessionExpiryInterval: properties?.sessionExpiryInterval,
    serverReference: properties?.serverReference,
    userProperties: properties?.userProperties ?? [],
  }
}

function takeReasonCode(isCode: (code: number) => boolean, whose: string) {
  return (packet: Disconnect, given: unknown): Disconnect => {
    const isTheirs = typeof given === 'number' && isCode(given)
    expectValue(isTheirs, 'reasonCode', given, `a code of DISCONNECT that ${whose} may send`)
    return { ...packet, reasonCode: given as ReasonCode }
  }
}

const words = { reasonString: takeReasonString, userProperties: takeUserProperties }
const kind = { type: PacketType.DISCONNECT, isStoppedByFailure: false, isPreventable: false, toView } as const

export const disconnectInbound: PacketKind<Disconnect> = {
  ...kind,
  name: 'disconnectInbound',
  modify: modifierOf<Disconnect>({
    ...words,
    reasonCode: takeReasonCode((code) => CLIENT_CODES.has(code), 'a client'),
    sessionExpiryInterval(packet, given, { broker: { settings }, requestedSessionExpirySec }) {
      if (given === undefined) return withProperty(packet, 'sessionExpiryInterval', undefined)
      const interval = toInteger('sessionExpiryInterval', given, 0, settings.sessionExpiryMaxInterval)
      const mayBe = interval === 0 || requestedSessionExpirySec > 0
      expectValue(mayBe, 'sessionExpiryInterval', interval, '0, as in CONNECT')
      return withProperty(packet, 'sessionExpiryInterval', interval)
    },
  }),
}

export const disconnectOutbound: PacketKind<Disconnect> = {
  ...kind,
  name: 'disconnectOutbound',
  modify: modifierOf<Disconnect>({
    ...words,
    reasonCode: takeReasonCode(isServersCode, 'a server'),
    serverReference: (packet, given, connection) =>
      withProperty(
        packet,
        'serverReference',
        given === undefined ? undefined : toText('serverReference', given, limitsOf(connection)),
      ),
  }),
}
