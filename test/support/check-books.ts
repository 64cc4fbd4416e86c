// SPDX-License-Identifier: Apache-2.0
import type { Broker } from '../../src/broker/broker.ts'
import type { SharedGroup } from '../../src/session/shared-group.ts'

/** Every delivery is done, kept, or given up for a reason; and what is said to be kept is there. Throws when it is not so. */
export function checkBooks({ metrics, sessions }: Broker): void {
  const groups = new Set<SharedGroup>()
  let queued = 0
  let inFlight = 0
  let wills = 0
  let subscriptions = 0
  for (const session of sessions.all()) {
    queued += session.queue.length
    inFlight += session.window.size
    wills += Number(session.will !== null)
    subscriptions += session.subscriptions.size
    for (const { group } of session.groups) groups.add(group!)
  }
  for (const { queue, qos0Backlog } of groups) queued += queue.length + qos0Backlog.length
  const found = { queued, inFlight, wills, subscriptions, unaccounted: 0 }
  for (const [name, value] of Object.entries(found)) {
    const counted = metrics[name as keyof typeof found]
    if (counted !== value) throw new Error(`the books say ${name} ${counted}, there are ${value}`)
  }
  if (metrics.queued === 0 && metrics.queuedBytes !== 0) throw new Error('bytes of empty queues')
}
