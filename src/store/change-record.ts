// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../codec/packet-type.ts'

// Everything durable changes by one of these records and by nothing else. A store applies them; it decides nothing.
// Moments are wall-clock milliseconds: they must mean the same after a restart.

/** A message as it is stored; shared by all records that carry it, so a store can keep it once. */
export interface StoredMessage {
  readonly topicName: string
  readonly payload: Buffer
  /** MQTT 5 properties that are forwarded, as bytes. */
  readonly properties: Buffer
  readonly qos: QoS
  readonly retain: boolean
  /** Seconds; Infinity for none. */
  readonly messageExpiryInterval: number
  readonly receivedAtWall: number
  /** The same moment on the clock's own scale, which counts as long as that scale goes on: people set the clock on the wall. */
  readonly receivedAt: number
  readonly epoch: number
}

export interface StoredSubscription {
  /** As the client wrote it, `$share/…` included. */
  readonly topicFilter: string
  readonly qos: QoS
  readonly noLocal: boolean
  readonly retainAsPublished: boolean
  /** 0 for none. */
  readonly identifier: number
}

export interface StoredWill {
  readonly message: StoredMessage
  readonly delaySec: number
}

/** Whose queue a message stands in: a client's, or a shared group's (`$share/<name>/<filter>`). */
export interface Owner {
  readonly kind: 'session' | 'group'
  readonly key: string
}

export type ChangeRecord =
  | {
      readonly type: 'session-opened'
      readonly clientId: string
      readonly expiryIntervalSec: number
      /** Messages that may wait; undefined: as configured. */
      readonly queueLimit?: number | undefined
      readonly openedAtWall: number
    }
  | {
      readonly type: 'session-closed'
      readonly clientId: string
      readonly expiryIntervalSec: number
      readonly queueLimit?: number | undefined
      readonly closedAtWall: number
    }
  | { readonly type: 'session-ended'; readonly clientId: string }
  | { readonly type: 'subscribed'; readonly clientId: string; readonly subscription: StoredSubscription }
  | { readonly type: 'unsubscribed'; readonly clientId: string; readonly topicFilter: string }
  | {
      readonly type: 'message-queued'
      readonly owner: Owner
      readonly order: number
      readonly message: StoredMessage
      readonly qos: QoS
      readonly retain: boolean
      readonly identifiers: readonly number[]
    }
  | {
      readonly type: 'message-sent'
      readonly clientId: string
      readonly order: number
      readonly packetId: number
    }
  /** PUBREC came for it. */
  | {
      readonly type: 'message-released'
      readonly clientId: string
      readonly order: number
      readonly packetId: number
    }
  /** Acknowledged, dropped or expired. `wasSent`: it was the subject of a `message-sent`. */
  | { readonly type: 'message-done'; readonly owner: Owner; readonly order: number; readonly wasSent: boolean }
  /** The broker lives, with clients whose sessions are kept: after a crash their connections count as lost at this moment. */
  | { readonly type: 'alive'; readonly atWall: number }
  | { readonly type: 'group-ended'; readonly group: string }
  | { readonly type: 'incoming-qos2-received'; readonly clientId: string; readonly packetId: number }
  | { readonly type: 'incoming-qos2-released'; readonly clientId: string; readonly packetId: number }
  | { readonly type: 'retained-set'; readonly message: StoredMessage }
  | { readonly type: 'retained-cleared'; readonly topicName: string }
  /** Of any client that connects, also of one whose session ends with its connection: a crash must not swallow its will. */
  | { readonly type: 'will-set'; readonly clientId: string; readonly will: StoredWill }
  /** Published or cancelled. */
  | { readonly type: 'will-done'; readonly clientId: string }
