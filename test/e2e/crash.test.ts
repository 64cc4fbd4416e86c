// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { World } from '../support/crash/world.ts'
import { randomNumbers } from '../support/random.ts'
import { RemoteClient, textOf } from '../support/remote-client.ts'
import { isLongRun, seed } from '../support/run-budget.ts'
import { scrapeBooks, writePrometheus } from '../support/scrape.ts'
import { WaggleHome } from '../support/waggle-home.ts'
import type { WaggleProcess } from '../support/waggle-process.ts'

// What the broker has acknowledged outlives `kill -9` at any moment, under load of every kind. The kernel lives on and has
// all that was written, so this holds without fsync too; broker-power-loss.test.ts takes that away as well.

const ROUNDS = isLongRun ? 200 : 10
/** Everything that is under way comes to its end once in so many rounds; until then more and more waits. */
const ROUNDS_TO_SETTLE = 5
const LOAD = { limit: 600 }
const LONGEST_RUN_MS = 300

const QUEUES = '<mqtt><queued-messages><max-queue-size>1000000</max-queue-size></queued-messages></mqtt>'
const durability = (level: string): string =>
  `${QUEUES}<waggle><persistence><durability>${level}</durability></persistence></waggle>`
/** What a dying process has written outlives it, synced or not. */
const CONFIGS = [durability('disk'), durability('os')]

it(
  `loses nothing that it has acknowledged when it is killed, ${ROUNDS} times (seed ${seed})`,
  async () => {
    const random = randomNumbers(seed)
    await using home = new WaggleHome()
    const metricsPort = await freePort()
    writePrometheus(home.folder, metricsPort)
    const start = (): Promise<WaggleProcess> => home.start(CONFIGS[random(CONFIGS.length)])
    let waggle = await start()
    await using world = new World({ ...LOAD, random })
    world.network.up(waggle.port)
    await world.setUp()
    for (let round = 1; round <= ROUNDS; round++) {
      const running = world.run()
      const books = scrapeBooks(metricsPort)
      await sleep(20 + random(LONGEST_RUN_MS))
      const { owed, accounted } = await books
      expect(accounted).toBe(owed)
      world.network.isGoingDown = true
      // Sometimes in the middle of an orderly stop.
      if (random(4) === 0) {
        waggle.child.kill('SIGTERM')
        await sleep(random(30))
      }
      await waggle.kill()
      await running
      expect(waggle.log).not.toContain('ERROR')
      // Sometimes again, while it starts.
      if (random(4) === 0) {
        waggle = await home.launch(QUEUES)
        await sleep(random(120))
        await waggle.kill()
        expect(waggle.log).not.toContain('ERROR')
      }
      waggle = await start()
      world.network.up(waggle.port)
      await world.verify()
      const { owed: owedAfter, accounted: accountedAfter } = await scrapeBooks(metricsPort)
      expect(accountedAfter).toBe(owedAfter)
      if (round % ROUNDS_TO_SETTLE === 0) await world.settle()
    }
    world.network.isGoingDown = true
    expect(await waggle.stop()).toBe(0)
    expect(waggle.log).not.toContain('ERROR')
  },
  ROUNDS * 5_000,
)

it.each(['disk', 'os', 'memory'])('loses nothing when it is stopped: %s', async (level) => {
  const random = randomNumbers(seed)
  await using home = new WaggleHome()
  let waggle = await home.start(durability(level))
  await using world = new World({ ...LOAD, random })
  world.network.up(waggle.port)
  await world.setUp()
  const running = world.run()
  await sleep(LONGEST_RUN_MS)
  world.network.isGoingDown = true
  expect(await waggle.stop()).toBe(0)
  // Among others that the books of deliveries balance.
  expect(waggle.log).not.toContain('ERROR')
  await running
  waggle = await home.start(durability(level))
  world.network.up(waggle.port)
  await world.verify()
  await world.settle()
  world.network.isGoingDown = true
  expect(await waggle.stop()).toBe(0)
  expect(waggle.log).not.toContain('ERROR')
})

it('counts the time for which it was down for everything that expires', async () => {
  await using home = new WaggleHome()
  let waggle = await home.start()
  const connect = (clientId: string, sessionExpiryInterval: number, connectMore = {}): Promise<RemoteClient> => {
    const properties = { sessionExpiryInterval }
    return RemoteClient.connect(waggle.port, clientId, { connect: { cleanStart: false, properties, ...connectMore } })
  }
  const reader = await connect('reader', 3600)
  await reader.subscribe(['expiring/#'], 1)
  await reader.disconnect()
  const isAway = await connect('short and away', 2)
  await isAway.disconnect()
  await connect('short', 1)
  await connect('long', 60)
  const delayed = { willDelayInterval: 1 }
  const will = { topicName: 'expiring/will', payload: Buffer.from('will'), qos: 1, retain: false, properties: delayed }
  await connect('mortal', 3600, { will })
  const publisher = await RemoteClient.connect(waggle.port, 'publisher')
  for (const messageExpiryInterval of [1, 60]) {
    const text = `expires after ${messageExpiryInterval}`
    await publisher.publish('expiring/message', text, { qos: 1, properties: { messageExpiryInterval } })
  }
  await publisher.publish('expiring/message', 'stays', { qos: 1 })
  await waggle.kill()
  const killedAt = performance.now()
  await sleep(2_500)
  waggle = await home.start()
  const presence = async (clientId: string): Promise<boolean> => (await connect(clientId, 60)).sessionPresent
  expect(await presence('short and away')).toBe(false)
  expect(await presence('short')).toBe(false)
  expect(await presence('long')).toBe(true)
  const reconnected = await connect('reader', 3600)
  expect(reconnected.sessionPresent).toBe(true)
  const expiring = await reconnected.nextMessage()
  expect(textOf(expiring)).toBe('expires after 60')
  const awaySec = (performance.now() - killedAt) / 1000
  expect(expiring.properties?.messageExpiryInterval).toBeLessThanOrEqual(58)
  expect(expiring.properties?.messageExpiryInterval).toBeGreaterThanOrEqual(Math.floor(60 - awaySec) - 2)
  expect(textOf(await reconnected.nextMessage())).toBe('stays')
  expect(textOf(await reconnected.nextMessage())).toBe('will')
  // A crash alone ends nothing.
  await waggle.kill()
  waggle = await home.start()
  expect(await presence('long')).toBe(true)
  await waggle.kill()
})
