// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { LossyStore } from '../support/lossy-store.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'

it('a group message for a member with QoS 0 is not lost behind a QoS 2 message that waits for the store', async () => {
  const store = new LossyStore()
  const broker = await MemoryBroker.start({ store })
  const lost = MemoryClient.connect(broker, 'lost', { isPersistent: true })
  lost.subscribe(['$share/group/shared'], 1)
  const publisher = MemoryClient.connect(broker, 'publisher')
  publisher.publish('shared', 'of the group', { qos: 1 })
  const member = MemoryClient.connect(broker, 'member', { isPersistent: true })
  member.subscribe(['$share/group/shared'], 0)
  member.subscribe(['own'], 2)
  store.isHeld = true
  publisher.publish('own', 'own', { qos: 2 })
  // What it did not acknowledge goes to the other member.
  lost.drop()
  store.release()
  expect(member.takePublishes().map(textOf).toSorted()).toEqual(['of the group', 'own'])
})
