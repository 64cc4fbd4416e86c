// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { PacketType } from '../../src/codec/packet-type.ts'
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

describe('memory', () => {
  it('is that of the container, and nothing is said of it as long as there is enough', async () => {
    await using waggle = await WaggleProcess.start()
    expect(waggle.log).toMatch(/INFO {2}- Memory limit: \d+ MiB \(/)
    expect(waggle.log).not.toContain('Memory is short')
  })

  it('that a client fills is not filled by it further, and is there again when the messages are gone', async () => {
    await using waggle = await WaggleProcess.start(`
      <mqtt><queued-messages><max-queue-size>1000000</max-queue-size></queued-messages></mqtt>
      <persistence><mode>in-memory</mode></persistence>
      <waggle><memory><limit>209715200</limit></memory></waggle>`)
    using subscriber = await RemoteClient.connect(waggle.port, 'subscriber', {
      connect: { properties: { receiveMaximum: 1 } },
    })
    await subscriber.subscribe(['t'], 1)
    using publisher = await RemoteClient.connect(waggle.port, 'publisher')
    let taken = 0
    // Nobody takes them. Without an end of its own this would take all memory.
    const flood = (async () => {
      for (; taken < 100_000; taken++) {
        if ((await publisher.publish('t', Buffer.alloc(30_000), { qos: 1 })) !== 0) return
      }
    })()
    await waggle.waitForLog(/the clients that publish most are not read/)
    using refused = await RemoteClient.open(waggle.port, 'refused')
    expect(await refused.next(PacketType.CONNACK)).toMatchObject({ reasonCode: 0x97 })
    expect(taken).toBeGreaterThan(500)
    // All of them get through in the end, as soon as somebody takes them.
    const want = taken
    for (let got = 0; got < want; got++) await subscriber.nextMessage()
    await waggle.waitForLog(/no more that new connections are refused/)
    using welcome = await RemoteClient.connect(waggle.port, 'welcome')
    expect(await welcome.subscribe(['x'])).toEqual([0])
    flood.catch(() => undefined)
  })
})

it("UMH's mqtt-addons: a message that nobody has subscribed to comes under $dead/", async () => {
  const addOns = ['dead', 'expired', 'dropped'].map(
    (name) => `<${name}-messages-topic><enabled>true</enabled></${name}-messages-topic>`,
  )
  await using waggle = await WaggleProcess.start(`<mqtt-addons>${addOns.join('')}</mqtt-addons>`)
  using watcher = await RemoteClient.connect(waggle.port, 'watcher')
  await watcher.subscribe(['$dead/#', '$expired/#'], 1)
  using publisher = await RemoteClient.connect(waggle.port, 'publisher')
  expect(await publisher.publish('ia/raw/x', 'm', { qos: 1 })).toBe(0x10)
  expect(await watcher.nextMessage()).toMatchObject({ topicName: '$dead/ia/raw/x', payload: Buffer.from('m'), qos: 1 })
  // On the real disk, and found by the broker itself.
  using absent = await RemoteClient.connect(waggle.port, 'absent', { isPersistent: true })
  await absent.subscribe(['t'], 1)
  await absent.disconnect()
  await publisher.publish('t', 'expires', { qos: 1, properties: { messageExpiryInterval: 1 } })
  const copy = await watcher.nextMessage()
  expect(copy.topicName).toBe('$expired/t')
  expect(copy.properties!.userProperties).toContainEqual(['client-id', 'absent'])
})
