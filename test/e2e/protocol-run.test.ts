// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { describe, expect, it } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { WaggleProcess } from '../support/waggle-process.ts'

const MAIN = join(import.meta.dirname, '../../scripts/protocol/main.ts')
const RETAIN_OFF = '<mqtt><retained-messages><enabled>false</enabled></retained-messages></mqtt>'

function runProtocol(port: number, ...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, '--port', String(port), ...args], (_error, stdout, stderr) =>
      resolve({ code: child.exitCode!, output: stdout + stderr }),
    )
  })
}

describe('npm run protocol', () => {
  it('finds nothing that differs in Waggle, and says what it could not run', async () => {
    await using waggle = await WaggleProcess.start()
    const { code, output } = await runProtocol(waggle.port, '--only', 'smoke', '--versions', '5')
    expect(output).toContain('pass     CO-01: a second CONNECT ends the connection [5]\n')
    expect(output).toMatch(/not run {2}DI-12 .*: needs a restart\n/)
    expect(output).toContain(' 0 differs, ')
    expect(code).toBe(0)
  })

  it('says what was expected and what came, on the console and in the report', async () => {
    await using waggle = await WaggleProcess.start(RETAIN_OFF)
    const folder = await mkdtemp(join(tmpdir(), 'waggle-protocol-'))
    const file = join(folder, 'report.md')
    const { code, output } = await runProtocol(waggle.port, '--only', 'CA-12', '--report', file)
    const report = await readFile(file, 'utf8')
    await rm(folder, { recursive: true })
    expect(code).toBe(1)
    const difference = /smoke\.script:\d+: A< hex .*\n *expected 2009000006.*\n *got {6}200b000008.*\n/
    expect(output).toMatch(difference)
    expect(report).toMatch(difference)
  })

  it('leaves nothing behind in the broker', async () => {
    await using waggle = await WaggleProcess.start()
    const args = ['--only', 'RT-01,RD-01', '--versions', '3.1.1'] as const
    const first = await runProtocol(waggle.port, ...args)
    expect(first.code).toBe(0)
    expect(await runProtocol(waggle.port, ...args)).toEqual(first)
  })

  it('does not touch a broker that holds retained messages', async () => {
    await using waggle = await WaggleProcess.start()
    const client = await connectAsync(`mqtt://127.0.0.1:${waggle.port}`)
    await client.publishAsync('plant/setpoint', '7', { retain: true, qos: 1 })
    const { code, output } = await runProtocol(waggle.port, '--only', 'CO-01')
    await client.endAsync()
    expect(output).toContain('it holds retained messages, which the run would remove: plant/setpoint')
    expect(code).toBe(2)
  })

  it('says that no broker is there', async () => {
    const { code, output } = await runProtocol(await freePort())
    expect(output).toContain('cannot go on')
    expect(code).toBe(2)
  })
})
