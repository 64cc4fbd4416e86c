// SPDX-License-Identifier: Apache-2.0
import type { CloseReason } from '../broker/close-reason.ts'
import { Fault } from '../codec/fault.ts'
import type { PacketType } from '../codec/packet-type.ts'
import type { UserProperty } from '../codec/property.ts'
import { FIRST_ERROR, isReasonCodeOf, type ReasonCode } from '../codec/reason-code.ts'

// What extensions answer. Types are gone at run time, and plain JavaScript never had any: everything is looked at.

/** Of a string in a packet. The protocol's limit is 65535 bytes; words for people need less. */
const MAX_TEXT = 1024
const MAX_USER_PROPERTIES = 100

/** Whether it is one of these outcomes. */
export function hasOutcome<T extends { readonly outcome: string }>(
  answer: unknown,
  outcomes: readonly T['outcome'][],
): answer is T {
  if (typeof answer !== 'object' || answer === null) return false
  try {
    return 'outcome' in answer && typeof answer.outcome === 'string' && outcomes.includes(answer.outcome)
  } catch {
    // A getter, or a proxy: the fault is the extension's.
    return false
  }
}

interface GivenReason {
  readonly reasonCode?: ReasonCode
  readonly reasonString?: string
}

/** How an extension refuses: with its code if the packet may carry it, and with its words if they can be sent. */
export function toRefusal(packetType: PacketType, given: GivenReason, fallback: CloseReason): CloseReason {
  const code: unknown = given.reasonCode
  const text: unknown = given.reasonString
  if (code === undefined && text === undefined) return fallback
  const isError = typeof code === 'number' && code >= FIRST_ERROR && isReasonCodeOf(packetType, code)
  return new Fault(
    fallback.name,
    isError ? code : fallback.reasonCode,
    isSendable(text) ? text : fallback.text,
    fallback.specId,
  )
}

/** Throws a TypeError with what is wrong. */
export function toUserProperties(given: unknown): UserProperty[] {
  if (given === undefined) return []
  if (!Array.isArray(given) || given.length > MAX_USER_PROPERTIES) {
    throw new TypeError(`userProperties: expected an array of at most ${MAX_USER_PROPERTIES} [name, value]`)
  }
  return given.map((pair: unknown) => {
    if (Array.isArray(pair) && pair.length === 2 && isSendable(pair[0]) && isSendable(pair[1])) {
      return [pair[0], pair[1]]
    }
    throw new TypeError(`userProperties: expected [name, value] of at most ${MAX_TEXT} characters, without U+0000`)
  })
}

export function isSendable(text: unknown): text is string {
  return typeof text === 'string' && text.length <= MAX_TEXT && text.isWellFormed() && !text.includes('\0')
}
