// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { RemoteClient } from '../support/remote-client.ts'
import { WaggleProcess } from '../support/waggle-process.ts'

it('restrictions/incoming-bandwidth-throttling slows real connections down, and loses nothing', async () => {
  await using waggle = await WaggleProcess.start(
    '<restrictions><incoming-bandwidth-throttling>1000000</incoming-bandwidth-throttling></restrictions>',
  )
  using subscriber = await RemoteClient.connect(waggle.port, 'subscriber')
  await subscriber.subscribe(['t'])
  using publisher = await RemoteClient.connect(waggle.port, 'publisher')
  const startedAt = performance.now()
  for (let i = 0; i < 100; i++) await publisher.publish('t', Buffer.alloc(20_000, i))
  for (let i = 0; i < 100; i++) expect((await subscriber.nextMessage()).payload[0]).toBe(i)
  // Of two million bytes one may come at once, the last quarter of one may be owed when the last message is handed on.
  expect(performance.now() - startedAt).toBeGreaterThan(650)
})
