// SPDX-License-Identifier: Apache-2.0
import type { Fault } from '../codec/fault.ts'
import type { Connection } from './connection.ts'

/**
 * Asks extensions about a packet and goes on with it when they have answered: at once where they answer at once. Until then no
 * further packet of this client is handled, so that they stay in order; its bytes are taken up to a cap, so that it is seen
 * when the client leaves. The answer for a client that is gone is dropped.
 */
export function awaitAnswer<Answer>(
  connection: Connection,
  ask: (answer: (value: Answer) => void) => void,
  proceed: (value: Answer) => Fault | null,
): Fault | null {
  let isAnswered = false
  let isHeld = false
  let first: Answer | undefined
  ask((value) => {
    if (isAnswered) return
    isAnswered = true
    if (isHeld) connection.proceed(() => proceed(value))
    else first = value
  })
  if (isAnswered) return proceed(first as Answer)
  isHeld = true
  connection.input.holdPackets()
  return null
}

/** The same without holding the client's packets. What comes of them meanwhile may end the connection. */
export function askAlong<Answer>(
  connection: Connection,
  ask: (answer: (value: Answer) => void) => void,
  proceed: (value: Answer) => Fault | null,
): Fault | null {
  let isAnswered = false
  let hasReturned = false
  let first: Answer | undefined
  ask((value) => {
    if (isAnswered) return
    isAnswered = true
    if (hasReturned) connection.act(() => proceed(value))
    else first = value
  })
  hasReturned = true
  return isAnswered ? proceed(first as Answer) : null
}
