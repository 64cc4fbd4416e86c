// SPDX-License-Identifier: Apache-2.0
import type { RetainedMessage, RetainedMessageStore } from '../extension-sdk/retained-message-store.ts'
import type { BrokerAccess } from './broker-access.ts'
import { expectValue } from './given-values.ts'
import { toMessage, toRetainedMessage } from './outgoing-message.ts'
import { paced } from './turns.ts'

export function retainedMessageStoreOf(access: BrokerAccess): RetainedMessageStore {
  return {
    get: (topicName) =>
      access.read(({ retained, clock }) => {
        const message = retained.get(topicName)
        return message === undefined ? undefined : toRetainedMessage(message, clock.now())
      }),
    addOrReplace: (given) =>
      access.add((broker) => {
        const message = toMessage(broker, { ...given, retain: true })
        expectValue(message.payloadEnd > 0, 'payload', given.payload, 'one byte at least')
        broker.retained.set(message)
      }),
    remove: (topicName) => access.change(({ retained }) => retained.clear(topicName)),
    async clear() {
      const messages = await access.read(({ retained }) => retained.all())
      for await (const { topicName } of paced(messages)) {
        await access.goOn(({ retained }) => retained.clear(topicName))
      }
      await access.whenDurable()
    },
    iterate: ({ signal } = {}) => iterate(access, signal),
  }
}

async function* iterate(access: BrokerAccess, signal: AbortSignal | undefined): AsyncGenerator<RetainedMessage> {
  const { messages, clock } = await access.read(({ retained, clock: brokerClock }) => {
    return { messages: retained.all(), clock: brokerClock }
  })
  for await (const message of paced(messages, signal)) {
    if (!message.isExpired(clock.now())) yield toRetainedMessage(message, clock.now())
  }
}
