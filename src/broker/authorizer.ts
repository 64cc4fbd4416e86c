// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../codec/packet-type.ts'
import type { SubscriptionRequest } from '../codec/subscribe.ts'
import type { TopicFilter } from '../topic/topic-filter.ts'

/** Who is asking, as far as decisions about it can depend on it. */
export interface ClientIdentity {
  readonly clientId: string
  readonly userName: string | undefined
}

/** What clients may do. Asked for each PUBLISH and each filter of a SUBSCRIBE, so an answer must be quick. */
export interface Authorizer {
  mayPublish(client: ClientIdentity, topicName: string, qos: QoS, retain: boolean): boolean
  maySubscribe(client: ClientIdentity, filter: TopicFilter, request: SubscriptionRequest): boolean
}

export const allowAll: Authorizer = {
  mayPublish: () => true,
  maySubscribe: () => true,
}
