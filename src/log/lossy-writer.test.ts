// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LossyWriter } from './lossy-writer.ts'

const KIB = 1024
/** Several times what a pipe holds. */
const MAX_WAITING_BYTES = 256 * KIB

let folder: string
let readEnd: number
let dropped: number
let troubles: (string | null)[]
let writer: LossyWriter

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waggle-pipe-'))
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  readEnd = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK)
  dropped = 0
  const own: (string | null)[] = []
  troubles = own
  writer = new LossyWriter({
    fd: openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK),
    maxWaitingBytes: MAX_WAITING_BYTES,
    lossLine: (count) => `${count} missing\n`,
    onDrop: () => dropped++,
    onTrouble: (error) => own.push(error?.message ?? null),
  })
})

afterEach(() => rmSync(folder, { recursive: true }))

/** What has come through the pipe. */
function read(): string {
  const buffer = Buffer.alloc(64 * KIB)
  let text = ''
  try {
    for (let n = 1; n > 0;) {
      n = readSync(readEnd, buffer)
      text += buffer.toString('latin1', 0, n)
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
  }
  return text
}

/** Reads until the text has come. */
async function readUntil(pattern: RegExp): Promise<string> {
  let text = ''
  await vi.waitFor(() => expect((text += read())).toMatch(pattern), { timeout: 10_000, interval: 5 })
  return text
}

describe('LossyWriter', () => {
  it('holds lines back for a while where it may, but not too many, and not at the end', async () => {
    const holding = new LossyWriter({
      fd: openSync(join(folder, 'pipe'), constants.O_WRONLY | constants.O_NONBLOCK),
      holdMs: 3_600_000,
      lossLine: String,
      onDrop: () => undefined,
      onTrouble: () => undefined,
    })
    holding.write('first\n')
    expect(read()).toBe('')
    for (let i = 0; i < 40; i++) holding.write(`${'x'.repeat(2 * KIB)}\n`)
    expect(await readUntil(/^first\nx+/)).not.toContain('last')
    holding.write('last\n')
    holding.flushSync()
    expect(await readUntil(/last\n$/)).toMatch(/x\nlast\n$/)
  })

  it('keeps what a reader takes late, drops what is too much, and says there how much that was', async () => {
    const line = (i: number): string => `${i} ${'x'.repeat(1_000)}\n`
    const startedAt = performance.now()
    for (let i = 0; i < 10_000; i++) writer.write(line(i))
    // Nobody reads, and nobody had to wait for that.
    expect(performance.now() - startedAt).toBeLessThan(2_000)
    const kept = 10_000 - dropped
    expect(kept * 1_000).toBeGreaterThan(MAX_WAITING_BYTES - 10 * KIB)
    expect(kept * 1_000).toBeLessThan(MAX_WAITING_BYTES + 100 * KIB)

    const text = await readUntil(/missing\n$/)
    expect(text).toBe(`${Array.from({ length: kept }, (_, i) => line(i)).join('')}${dropped} missing\n`)
    writer.write('after\n')
    expect(await readUntil(/after/)).toBe('after\n')
    expect(troubles).toEqual([])
  })

  it('tells when all is written, or when a reader has not read for too long', async () => {
    await writer.written()
    for (let i = 0; i < 100; i++) writer.write(`${i}\n`)
    await writer.written()
    expect(read()).toBe(Array.from({ length: 100 }, (_, i) => `${i}\n`).join(''))
    for (let i = 0; i < 200; i++) writer.write(`${'x'.repeat(1_000)}\n`)
    writer.write('end\n')
    await writer.written()
    expect((await readUntil(/end\n$/)).length).toBe(200 * 1_001 + 4)
  })

  it('writes what waits before the process ends, in its order', () => {
    for (let i = 0; i < 100; i++) writer.write(`${i}\n`)
    writer.flushSync()
    expect(read()).toBe(Array.from({ length: 100 }, (_, i) => `${i}\n`).join(''))
  })

  it('does not wait for ever for a reader that does not read', async () => {
    for (let i = 0; i < 200; i++) writer.write(`${'x'.repeat(1_000)}\n`)
    await vi.waitFor(() => expect(() => readSync(readEnd, Buffer.alloc(1))).not.toThrow())
    const startedAt = performance.now()
    writer.flushSync()
    expect(performance.now() - startedAt).toBeLessThan(3_000)
  })

  it('keeps what a full disk does not take, up to its limit, and says so once', async () => {
    const own: string[] = []
    const toFullDisk = new LossyWriter({
      fd: openSync('/dev/full', 'a'),
      maxWaitingBytes: 10_000,
      lossLine: (count) => `${count} missing\n`,
      onDrop: () => dropped++,
      onTrouble: (error) => own.push(error?.message ?? 'well again'),
    })
    for (let i = 0; i < 20; i++) {
      toFullDisk.write(`${'x'.repeat(1_000)}\n`)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await vi.waitFor(() => expect(own).toEqual(['ENOSPC: no space left on device, write']))
    expect(dropped).toBe(11)
  })

  it('lives on when the reader is gone, and says so once', async () => {
    closeSync(readEnd)
    for (let i = 0; i < 10; i++) {
      writer.write('x\n')
      await new Promise((resolve) => setImmediate(resolve))
    }
    await vi.waitFor(() => expect(troubles).toEqual(['EPIPE: broken pipe, write']))
  })
})
