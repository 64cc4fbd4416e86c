// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../codec/packet-type.ts'

/**
 * Allows or denies what it covers. Of a client's permissions the first that applies decides; a client that has any and none
 * of them applies may not.
 *
 * One that is frozen, `qos` included, is kept once for all clients to which it is given.
 */
export interface TopicPermission {
  /** Must cover all that is asked for: `a/#` allows to subscribe to `a/+`, not the other way round. */
  readonly topicFilter: string
  /**
   * `+` covers the `#` of a subscription too: `a/+` and `a/+/#` allow to subscribe to `a/#`, so to far more than they say. It is
   * so in HiveMQ; `false` unless set.
   */
  readonly plusCoversHash?: boolean
  /** `allow` unless set. */
  readonly type?: 'allow' | 'deny'
  /** `all` unless set. A will counts as `publish`. */
  readonly activity?: 'publish' | 'subscribe' | 'all'
  /** All three unless set. */
  readonly qos?: readonly QoS[]
  /** Of messages that are published; `all` unless set. */
  readonly retain?: 'retained' | 'not-retained' | 'all'
  /** Of subscriptions; `all` unless set. */
  readonly sharedSubscription?: 'shared' | 'not-shared' | 'all'
  /** Of shared subscriptions: the one group that is meant, or `#` (unless set) for any. */
  readonly sharedGroup?: string
}
