// SPDX-License-Identifier: Apache-2.0
import type { Subscriber, Subscription } from './subscription.ts'

/** One subscription, or several; most filters have one. */
export type SubscriptionList<S extends Subscriber> = Subscription<S> | Subscription<S>[]

export function added<S extends Subscriber>(
  list: SubscriptionList<S> | undefined,
  subscription: Subscription<S>,
): SubscriptionList<S> {
  if (list === undefined) {
    subscription.slot = 0
    return subscription
  }
  const array = Array.isArray(list) ? list : [list]
  subscription.slot = array.length
  array.push(subscription)
  return array
}

/** O(1): the last of the list takes the place of the one that goes. Undefined when nothing is left. */
export function removed<S extends Subscriber>(
  list: SubscriptionList<S>,
  subscription: Subscription<S>,
): SubscriptionList<S> | undefined {
  if (!Array.isArray(list)) return undefined
  const last = list.pop()!
  if (last !== subscription) {
    list[subscription.slot] = last
    last.slot = subscription.slot
  }
  return list.length === 0 ? undefined : list
}

/** Appends all of a list to `found`. */
export function collect<S extends Subscriber>(list: SubscriptionList<S>, found: Subscription<S>[]): void {
  if (Array.isArray(list)) for (const subscription of list) found.push(subscription)
  else found.push(list)
}
