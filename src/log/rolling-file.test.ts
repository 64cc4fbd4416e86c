// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DailyRolling } from './daily-rolling.ts'
import { type Rolling, RollingFile } from './rolling-file.ts'
import { SizeRolling } from './size-rolling.ts'

let folder: string
let now: number
let troubles: (string | null)[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waggle-log-'))
  now = new Date(2026, 10, 23, 12).getTime()
  troubles = []
})

afterEach(() => rmSync(folder, { recursive: true }))

/** What is in the folder already is looked after when it resolves. */
async function open(rolling: Rolling): Promise<RollingFile> {
  const file = new RollingFile({
    folder,
    rolling,
    wallTime: () => now,
    lossLine: (count) => `${count} missing\n`,
    onDrop: () => undefined,
    onTrouble: (error) => troubles.push(error?.message ?? null),
  })
  await file.settled
  return file
}

const textOf = (name: string): string => readFileSync(join(folder, name), 'utf8')
const names = (): string[] => readdirSync(folder).toSorted()

describe('a file for each day', () => {
  const hour = 3_600_000

  it('takes the name of its day with the first line of the next', async () => {
    const file = await open(new DailyRolling('hivemq'))
    file.write('noon\n', now)
    file.write('late\n', now + 11.9 * hour)
    file.write('next day\n', now + 12 * hour)
    await file.settled
    expect(names()).toEqual(['hivemq.2026-11-23.log', 'hivemq.log'])
    // A day without a line has no file.
    file.write('later\n', now + 13 * hour)
    file.write('days later\n', now + 72 * hour)
    await file.settled
    expect(names()).toEqual(['hivemq.2026-11-23.log', 'hivemq.2026-11-24.log', 'hivemq.log'])
    file.write('end\n', now + 73 * hour)
    file.flushSync()
    const all = names().map(textOf).join('')
    expect(all).toBe('noon\nlate\nnext day\nlater\ndays later\nend\n')
    expect(textOf('hivemq.2026-11-23.log')).toMatch(/^noon\nlate\n/)
    expect(textOf('hivemq.log')).toMatch(/end\n$/)
    expect(troubles).toEqual([])
  })

  it('goes on with what an earlier process has left today, and rolls what is of an earlier day', async () => {
    const path = join(folder, 'hivemq.log')
    writeFileSync(path, 'before\n')
    utimesSync(path, now / 1000, (now - hour) / 1000)
    const first = await open(new DailyRolling('hivemq'))
    first.write('now\n', now)
    first.flushSync()
    expect(textOf('hivemq.log')).toBe('before\nnow\n')

    utimesSync(path, now / 1000, (now - 48 * hour) / 1000)
    const second = await open(new DailyRolling('hivemq'))
    expect(names()).toEqual(['hivemq.2026-11-21.log', 'hivemq.log'])
    second.write('new\n', now)
    second.flushSync()
    expect(textOf('hivemq.2026-11-21.log')).toBe('before\nnow\n')
    expect(textOf('hivemq.log')).toBe('new\n')
  })

  it('keeps 30 and touches nothing else', async () => {
    const days = Array.from({ length: 35 }, (_, i) => `hivemq.2026-10-${String(i + 1).padStart(2, '0')}.log`)
    for (const name of [...days, 'hivemq.log.bak', 'migration.log', 'hivemq.2026-1-1.log']) {
      writeFileSync(join(folder, name), '')
    }
    await open(new DailyRolling('hivemq'))
    expect(names()).toEqual(
      [...days.slice(5), 'hivemq.2026-1-1.log', 'hivemq.log', 'hivemq.log.bak', 'migration.log'].toSorted(),
    )
  })

  it('writes over nothing when a day comes twice', async () => {
    const file = await open(new DailyRolling('hivemq'))
    writeFileSync(join(folder, 'hivemq.2026-11-23.log'), 'once\n')
    file.write('twice\n', now)
    file.write('next\n', now + 24 * hour)
    await file.settled
    expect(names()).toEqual(['hivemq.2026-11-23.1.log', 'hivemq.2026-11-23.log', 'hivemq.log'])
    expect(textOf('hivemq.2026-11-23.log')).toBe('once\n')
  })

  it('says what it cannot do, and goes on with the file that it has', async () => {
    const file = await open(new DailyRolling('hivemq'))
    file.write('noon\n', now)
    file.flushSync()
    renameSync(folder, `${folder}-gone`)
    file.write('next\n', now + 24 * hour)
    await file.settled
    expect(troubles).toEqual([expect.stringContaining('ENOENT')])
    // Not once more for each line.
    for (let i = 0; i < 100; i++) file.write('more\n', now + 24 * hour + i)
    file.flushSync()
    await file.settled
    expect(troubles).toHaveLength(1)
    renameSync(`${folder}-gone`, folder)
    expect(textOf('hivemq.log')).toBe(`noon\nnext\n${'more\n'.repeat(100)}`)
    file.write('a minute later\n', now + 24 * hour + 60_000)
    await file.settled
    expect(names()).toEqual(['hivemq.2026-11-23.log', 'hivemq.log'])
  })
})

describe('a file for so many bytes', () => {
  it('is compressed and numbered, the newest with 1, five of them', async () => {
    const file = await open(new SizeRolling('event', 1_000))
    const written: string[] = []
    for (let i = 1; i <= 7; i++) {
      const text = `line ${i}\n`.repeat(200)
      written.unshift(text)
      file.write(text, now)
      // The line that finds the file too large is the first of the next one.
      file.write('', ++now)
      await file.settled
    }
    expect(names()).toEqual([...[1, 2, 3, 4, 5].map((i) => `event-${i}.log.gz`), 'event.log'])
    const kept = [1, 2, 3, 4, 5].map((i) => gunzipSync(readFileSync(join(folder, `event-${i}.log.gz`))).toString())
    expect(kept).toEqual(written.slice(0, 5))
    expect(textOf('event.log')).toBe('')
    expect(troubles).toEqual([])
  })

  it('compresses what a process has left that ended too early', async () => {
    writeFileSync(join(folder, 'event.1795435200000.rolled'), 'left\n')
    writeFileSync(join(folder, 'event-1.log.gz'), 'older')
    await open(new SizeRolling('event'))
    expect(names()).toEqual(['event-1.log.gz', 'event-2.log.gz', 'event.log'])
    expect(gunzipSync(readFileSync(join(folder, 'event-1.log.gz'))).toString()).toBe('left\n')
    expect(textOf('event-2.log.gz')).toBe('older')
  })

  it('rolls at start what has become too large', async () => {
    writeFileSync(join(folder, 'event.log'), 'x'.repeat(1_000))
    await open(new SizeRolling('event', 1_000))
    expect(names()).toEqual(['event-1.log.gz', 'event.log'])
    expect(textOf('event.log')).toBe('')
  })
})
