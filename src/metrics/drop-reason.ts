// SPDX-License-Identifier: Apache-2.0

/**
 * Why a message that somebody should have got was given up. Every drop is counted under one of these, and there is no other
 * way for a delivery to go: received x fan-out = delivered + queued + in flight + what stands here.
 */
export const DropReason = {
  QUEUE_FULL: 'The client message queue is full',
  SHARED_QUEUE_FULL: 'The shared subscription message queue is full',
  QUEUE_BUDGET: 'The disk budget of all message queues is used up',
  QOS_0_MEMORY_EXCEEDED: 'The QoS 0 memory limit exceeded',
  MAX_PACKET_SIZE_EXCEEDED: 'Maximum packet size exceeded',
  EXPIRED: 'The message expiry interval has passed',
  CLIENT_AWAY: 'QoS 0 is not kept for a client that is away',
  SESSION_ENDED: 'The session of the client has ended',
  GROUP_ENDED: 'The shared subscription has lost its last member',
  PREVENTED: 'Extension prevented onward delivery',
  STORE_LOST: 'The store does not have the message any more',
} as const
export type DropReason = (typeof DropReason)[keyof typeof DropReason]

/** What HiveMQ does not call dropped: nobody lost a message that he could still have had. */
const NOT_COUNTED_BY_HIVEMQ: ReadonlySet<DropReason> = new Set([
  DropReason.EXPIRED,
  DropReason.CLIENT_AWAY,
  DropReason.SESSION_ENDED,
  DropReason.GROUP_ENDED,
])

/** Those that are part of HiveMQ's `com.hivemq.messages.dropped.count`. */
export const HIVEMQ_DROP_REASONS: readonly DropReason[] = Object.values(DropReason).filter(
  (reason) => !NOT_COUNTED_BY_HIVEMQ.has(reason),
)
