// SPDX-License-Identifier: Apache-2.0
import { PacketType } from '../../src/codec/packet-type.ts'
import type { Publish } from '../../src/codec/publish.ts'
import type { Extension } from '../../src/extension-sdk/extension.ts'
import { ExtensionCalls } from '../../src/extensions/extension-calls.ts'
import { systemClock } from '../../src/util/clock.ts'
import { ExtensionBroker } from '../../test/support/extension-broker.ts'
import { MemoryClient } from '../../test/support/memory-client.ts'
import { type NamedTiming, timeOperation } from './measure.ts'

// What a PUBLISH costs more where an extension decides about it, and does so at once: from the packet to the decision, with all
// that is noted about the call.

const EXTENSION: Extension = {
  start({ services: { security } }) {
    security.setAuthenticator({ onConnect: () => ({ outcome: 'success' }) })
    security.setAuthorizer({
      authorizePublish: ({ publish }) => ({ outcome: publish.topicName === 'no' ? 'deny' : 'allow' }),
    })
  },
}

const PUBLISH: Publish = {
  type: PacketType.PUBLISH,
  topicName: 'umh/v1/site/area/line/_historian/tag',
  payload: Buffer.alloc(20),
  qos: 1,
  retain: false,
  dup: false,
  packetId: 1,
}

export async function extensionCallTimings(): Promise<NamedTiming[]> {
  const calls = new ExtensionCalls(systemClock)
  await using broker = await ExtensionBroker.start({ deciding: EXTENSION }, {}, { calls })
  MemoryClient.connect(broker.broker, 'c')
  const [connection] = broker.broker.broker.connections
  const { extensions } = connection!
  return [
    {
      name: 'have an extension decide about a PUBLISH',
      timing: timeOperation((count) => {
        let allowed = 0
        for (let i = 0; i < count; i++) {
          extensions!.authorizePublish(PUBLISH, (verdict) => {
            if (verdict === null) allowed++
          })
        }
        return allowed
      }),
    },
  ]
}
