// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../codec/packet-type.ts'
import type { UserProperty } from '../codec/property.ts'

/** A message as an extension writes it. What is left out is not sent. */
export interface OutgoingMessage {
  readonly topicName: string
  /** A string goes as UTF-8. Bytes are copied. Empty unless set. */
  readonly payload?: Uint8Array | string
  /** 0 unless set. */
  readonly qos?: QoS
  readonly payloadFormatIndicator?: 'unspecified' | 'utf-8'
  /** Seconds; at most what the broker is configured to. */
  readonly messageExpiryInterval?: number
  readonly responseTopic?: string
  readonly correlationData?: Uint8Array
  readonly contentType?: string
  readonly userProperties?: readonly UserProperty[]
}

export interface Publish extends OutgoingMessage {
  /** `false` unless set. An empty payload removes the retained message of the topic. */
  readonly retain?: boolean
}

/**
 * Publishes as if a client had, but asks nobody: neither authorizers nor inbound interceptors. Topics that start with `$` may
 * be used. The promises resolve when what has to be stored is on the disk, so who waits for them is no faster than it.
 */
export interface PublishService {
  /** Rejects with InvalidTopicError, OverloadError or a TypeError. */
  publish(message: Publish): Promise<void>
  /**
   * To this client only, and only if one of its subscriptions matches the topic: the options of that count. RETAIN is
   * ignored. A client that is away gets it later, if it has a session.
   */
  publishToClient(message: Publish, clientId: string): Promise<'successful' | 'not-subscribed'>
}
