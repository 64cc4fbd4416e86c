// SPDX-License-Identifier: Apache-2.0
import { type Subscriber, Subscription } from './subscription.ts'

/** Stamps are never used twice, so a subscriber's scratch from an earlier match cannot be taken for this one's. */
let lastStamp = 0

/**
 * One entry for each subscriber of `found`: a client gets one copy, however many of its filters match. The order is that in
 * which subscribers were first met.
 */
export function toRecipients<S extends Subscriber>(found: readonly Subscription<S>[]): Subscription<S>[] {
  const recipients: Subscription<S>[] = []
  const stamp = ++lastStamp
  for (const subscription of found) {
    const { subscriber } = subscription
    if (subscriber.matchStamp !== stamp) {
      subscriber.matchStamp = stamp
      subscriber.matchIndex = recipients.length
      recipients.push(subscription)
    } else {
      const earlier = recipients[subscriber.matchIndex]!
      recipients[subscriber.matchIndex] = Subscription.merge([...(earlier.parts ?? [earlier]), subscription])
    }
  }
  return recipients
}
