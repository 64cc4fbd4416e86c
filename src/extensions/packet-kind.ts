// SPDX-License-Identifier: Apache-2.0
import type { Connection } from '../broker/connection.ts'
import type { Packet } from '../codec/packet.ts'
import type { Properties } from '../codec/property.ts'
import type { ClientInterceptors, GlobalInterceptors } from '../extension-sdk/interceptors.ts'
import { expectValue, type TextLimits, toPairs, toText } from './given-values.ts'

export type InterceptorName = keyof ClientInterceptors | keyof GlobalInterceptors

/** A kind of packet in one direction: how interceptors see it, and what they may do to it. */
export interface PacketKind<P extends Packet = Packet> {
  readonly name: InterceptorName
  readonly type: P['type']
  /** One that fails stops the packet; else the packet goes on without it. */
  readonly isStoppedByFailure: boolean
  /** An interceptor may say so itself. */
  readonly isPreventable: boolean
  toView(packet: P, connection: Connection): object
  /** The packet with the changes. Throws a TypeError, or an InvalidTopicError, with what is wrong. */
  modify(packet: P, changes: Changes, connection: Connection): P
}

/** What an interceptor has given; not looked at yet. */
export type Changes = Readonly<Record<string, unknown>>

/** Takes one field over. `given` is undefined where it is to be taken away. */
export type Take<P> = (packet: P, given: unknown, connection: Connection, changes: Changes) => P

/** Fields that may be changed, with how. Any other is a fault: it may be a name that is misspelt. */
export function modifierOf<P extends Packet>(fields: Readonly<Record<string, Take<P>>>): PacketKind<P>['modify'] {
  return (packet, changes, connection) => {
    let modified = packet
    for (const [field, given] of Object.entries(changes)) {
      const take = Object.hasOwn(fields, field) ? fields[field] : undefined
      expectValue(take !== undefined, 'changes', field, `one of ${Object.keys(fields).join(', ') || 'nothing'}`)
      modified = take(modified, given, connection, changes)
    }
    return modified
  }
}

export function limitsOf({ broker: { limits, settings } }: Connection): TextLimits {
  return { isUtf8Strict: limits.isUtf8Strict, maxTopicLength: settings.maxTopicLength }
}

interface WithProperties {
  readonly properties?: Properties
}

/** The packet with this property, or without it. */
export function withProperty<P extends WithProperties>(
  packet: P,
  name: keyof Properties,
  value: Properties[keyof Properties],
): P {
  const properties: Record<string, unknown> = { ...packet.properties }
  if (value === undefined) delete properties[name]
  else properties[name] = value
  return { ...packet, properties }
}

// What nearly all packets can carry.

export function takeReasonString<P extends WithProperties>(packet: P, given: unknown, connection: Connection): P {
  const text = given === undefined ? undefined : toText('reasonString', given, limitsOf(connection))
  return withProperty(packet, 'reasonString', text)
}

export function takeUserProperties<P extends WithProperties>(packet: P, given: unknown, connection: Connection): P {
  const pairs = given === undefined ? undefined : toPairs(given, limitsOf(connection))
  return withProperty(packet, 'userProperties', pairs)
}
