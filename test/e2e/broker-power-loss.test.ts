// SPDX-License-Identifier: Apache-2.0
import { mkdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { World, type WorldMemory } from '../support/crash/world.ts'
import { JournaledFolder } from '../support/power-loss/journaled-folder.ts'
import { canTestPowerLoss } from '../support/power-loss/shim.ts'
import { OLDEST, type Pick } from '../support/power-loss/volatile-file.ts'
import { randomNumbers } from '../support/random.ts'
import { isLongRun, seed } from '../support/run-budget.ts'
import { WaggleHome } from '../support/waggle-home.ts'

// The whole broker on a disk that loses power. While it works the journal has what it writes and syncs, and between that, as
// marks, what its clients know; so for each moment there is a disk and a world, and a broker that is started on the one must
// satisfy the other.

/** The second one begins with what the power loss at the end of the first one left. */
const LIVES = 2
/** Power losses that are tried in each. */
const MOMENTS = isLongRun ? 200 : 25
const RUN_MS = 300
const LIMIT = 60

it.runIf(canTestPowerLoss)(
  `has everything that it acknowledged before the power went, at ${LIVES * MOMENTS} moments (seed ${seed})`,
  async () => {
    const random = randomNumbers(seed)
    await using home = new WaggleHome()
    mkdirSync(home.store, { recursive: true })
    let memory: WorldMemory | null = null
    for (let life = 1; life <= LIVES; life++) {
      using disk = new JournaledFolder(home.store)
      const { moments, first } = await live(home, disk, memory, random)
      const chosen = Array.from({ length: MOMENTS }, () => first + random(disk.records.length - first))
      for (const moment of chosen.toSorted((a, b) => a - b)) {
        const pick: Pick = random(2) === 0 ? OLDEST : (newest) => random(newest + 1)
        disk.losePower(pick, moment + 1)
        const log = await checkAfterwards(home, structuredClone(moments[lastMark(disk, moment)]!), random)
        expect(log).not.toContain('ERROR')
      }
      disk.losePower(OLDEST)
      memory = moments.at(-1)!
    }
  },
  LIVES * MOMENTS * 5_000,
)

/** Loads a broker and kills it. Returns what the clients knew at each mark, and where in the journal these begin. */
async function live(
  home: WaggleHome,
  disk: JournaledFolder,
  memory: WorldMemory | null,
  random: (below: number) => number,
): Promise<{ moments: WorldMemory[]; first: number }> {
  const moments: WorldMemory[] = []
  const waggle = await home.start('', { env: disk.environment })
  await using world = new World({ random, limit: LIMIT }, memory ?? undefined)
  world.network.up(waggle.port)
  if (memory === null) await world.setUp()
  world.network.onChanged = () => {
    moments.push(structuredClone(world.memory))
    disk.mark(String(moments.length - 1))
  }
  world.network.changed()
  if (memory !== null) await world.verify()
  const running = world.run()
  await sleep(RUN_MS)
  world.network.isGoingDown = true
  await waggle.kill()
  await running
  return { moments, first: disk.records.findIndex(({ type }) => type === 'mark') }
}

function lastMark(disk: JournaledFolder, moment: number): number {
  const mark = disk.records.slice(0, moment + 1).findLast((record) => record.type === 'mark')!
  return Number(mark.text)
}

/** Starts a broker on the disk for the world of that moment. Returns what it logs. */
async function checkAfterwards(
  home: WaggleHome,
  memory: WorldMemory,
  random: (below: number) => number,
): Promise<string> {
  const waggle = await home.start()
  await using world = new World({ random, limit: LIMIT }, memory)
  world.network.up(waggle.port)
  await world.verify()
  await world.settle()
  world.network.isGoingDown = true
  await waggle.kill()
  return waggle.log
}
