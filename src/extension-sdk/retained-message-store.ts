// SPDX-License-Identifier: Apache-2.0
import type { PublishPacket } from './packets.ts'
import type { OutgoingMessage } from './publish-service.ts'

/** The message that a topic retains. `messageExpiryInterval` is what is left of it. */
export type RetainedMessage = Omit<PublishPacket, 'retain' | 'dup' | 'packetId'>

/** Retained messages, without anybody being sent anything. The promises of changes resolve when they are on the disk. */
export interface RetainedMessageStore {
  get(topicName: string): Promise<RetainedMessage | undefined>
  /** The payload must not be empty: that is what `remove` is for. Rejects with InvalidTopicError, OverloadError or a TypeError. */
  addOrReplace(message: OutgoingMessage): Promise<void>
  /** Nothing happens if there is none. */
  remove(topicName: string): Promise<void>
  /** Removes all, some hundred in each turn of the event loop. */
  clear(): Promise<void>
  /** All of them, in no order. Clients get their turn meanwhile: what comes or goes then is seen or not. */
  iterate(options?: { readonly signal?: AbortSignal }): AsyncIterable<RetainedMessage>
}
