// SPDX-License-Identifier: Apache-2.0
import type { BrokerSettings } from '../../../src/broker/settings.ts'
import { type Action, FuzzBroker } from './fuzz-broker.ts'
import { Fuzzer } from './fuzzer.ts'
import { Random } from './random-choice.ts'
import { reduce } from './reduce.ts'

/** Brokers that differ in what they allow. */
const SETTINGS: readonly Partial<BrokerSettings>[] = [
  {},
  { maxQueueSize: 5 },
  { maxQueueSize: 20, queuedMessagesStrategy: 'discard-oldest' },
  {
    maxPacketSize: 2_000,
    maxTopicLength: 60,
    maxClientIdLength: 40,
    topicAliasMaxPerClient: 2,
    serverReceiveMaximum: 3,
  },
  { maxQos: 1, retainedMessagesEnabled: false, topicAliasEnabled: false, allowEmptyClientIdEnabled: false },
  { wildcardSubscriptionsEnabled: false, sharedSubscriptionsEnabled: false, subscriptionIdentifierEnabled: false },
  {
    payloadFormatValidationEnabled: true,
    utf8ValidationEnabled: false,
    maxKeepAlive: 60_000,
    allowUnlimitedKeepAlive: false,
  },
  { messageExpiryMaxInterval: 30, allowRequestProblemInformationEnabled: false, maxConnections: 6 },
]

export interface Round {
  readonly packets: number
  /** Still there, without clients and without anything of theirs. */
  readonly broker: FuzzBroker
}

/** One broker from its start until nothing of its clients is left. What fails is made as short as it gets. */
export async function runRound(seed: number, packets: number): Promise<Round> {
  const random = new Random(seed)
  const settings = random.of(SETTINGS)
  const broker = await FuzzBroker.start(settings)
  const fuzzer = new Fuzzer(random, broker.slots)
  const actions: Action[] = []
  try {
    while (fuzzer.packets < packets) {
      for (const action of fuzzer.next()) {
        actions.push(action)
        broker.do(action)
      }
    }
    await broker.clear()
  } catch (error) {
    const { message } = error as Error
    const text = await reduce(settings, actions, message)
    throw new Error(`${message}\n\nWAGGLE_SEED=${seed} runs it again.\n${text}`, { cause: error })
  }
  return { packets: fuzzer.packets, broker }
}
