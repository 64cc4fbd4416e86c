// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../codec/packet-type.ts'
import type { DropReason } from '../metrics/drop-reason.ts'
import type { Session } from './session.ts'
import type { SharedGroup } from './shared-group.ts'

/** A message that somebody should have got was given up. Not the message itself: its payload may not have been copied. */
export interface DroppedMessage {
  readonly receiver: Session | SharedGroup
  readonly topicName: string
  /** At which the receiver would have got it. */
  readonly qos: QoS
  readonly reason: DropReason
  /** What was too large and what it may be, in bytes, where the reason is such a limit and both are known; else 0. */
  readonly size: number
  readonly limit: number
}
