// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { ReasonCode } from '../../src/codec/reason-code.ts'
import { RemoteClient, textOf } from '../support/remote-client.ts'
import { WaggleHome } from '../support/waggle-home.ts'
import type { WaggleProcess } from '../support/waggle-process.ts'

const IN_MEMORY = '<persistence><mode>in-memory</mode></persistence>'

/** A message that waits for an absent client, acknowledged. */
async function leaveMessage(waggle: WaggleProcess): Promise<void> {
  const client = await RemoteClient.connect(waggle.port, 'absent', { isPersistent: true })
  await client.subscribe(['kept'], 1)
  await client.disconnect()
  using publisher = await RemoteClient.connect(waggle.port, 'publisher')
  expect(await publisher.publish('kept', 'for later', { qos: 1 })).toBe(ReasonCode.SUCCESS)
}

it('C-38: in file mode what was acknowledged is there after the end of the process, however it came', async () => {
  await using home = new WaggleHome()
  const waggle = await home.start('')
  await leaveMessage(waggle)
  await waggle.kill()
  const { port } = await home.start('')
  using client = await RemoteClient.connect(port, 'absent', { isPersistent: true })
  expect(client.sessionPresent).toBe(true)
  expect(textOf(await client.nextMessage())).toBe('for later')
})

it('C-39: in in-memory mode everything is gone with the process, and no file is written', async () => {
  await using home = new WaggleHome()
  const waggle = await home.start(IN_MEMORY)
  await leaveMessage(waggle)
  expect(await waggle.stop()).toBe(0)
  expect(existsSync(home.store)).toBe(false)
  const { port } = await home.start(IN_MEMORY)
  using client = await RemoteClient.connect(port, 'absent', { isPersistent: true })
  expect(client.sessionPresent).toBe(false)
})
