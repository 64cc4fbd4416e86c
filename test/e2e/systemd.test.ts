// SPDX-License-Identifier: Apache-2.0
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { writeAllowAll } from '../support/extension-folders.ts'
import { freePort } from '../support/free-port.ts'
import { isOnPath } from '../support/tools.ts'
import { WaggleHome } from '../support/waggle-home.ts'

const PROJECT = join(import.meta.dirname, '../..')
const UNIT = readFileSync(join(PROJECT, 'deploy/systemd/waggle.service'), 'utf8')
/** Where docs/install.md puts things. */
const INSTALLED = '/opt/waggle'

/** Each value of a key, in order; what is switched off with # does not count. */
function valuesOf(key: string): string[] {
  return [...UNIT.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map((match) => match[1]!)
}

// Not `canTest`: all of systemd for this alone is too much to demand of every machine.
const hasAnalyze = isOnPath('systemd-analyze')
if (!hasAnalyze) console.warn('systemd-analyze is not installed (apt-get install systemd): the unit is not verified')

describe('deploy/systemd/waggle.service', () => {
  it.runIf(hasAnalyze)('is a unit that systemd has nothing to say about', async () => {
    await using home = new WaggleHome()
    const file = join(home.folder, 'waggle.service')
    writeFileSync(file, UNIT.replaceAll(INSTALLED, PROJECT))
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' })
    expect(stdout + stderr).toBe('')
    expect(status).toBe(0)
  })

  it('names files that a checkout has, and writes only where systemd lets it', () => {
    const [command] = valuesOf('ExecStart')
    for (const path of UNIT.match(/\/opt\/waggle\/\S+/g)!) {
      expect(existsSync(join(PROJECT, path.slice(INSTALLED.length)))).toBe(true)
    }
    expect(command).toBe(`${INSTALLED}/bin/run.sh`)
    expect(valuesOf('StateDirectory')).toEqual(['waggle'])
    expect(valuesOf('ProtectSystem')).toEqual(['strict'])
    expect(valuesOf('MemoryDenyWriteExecute')).toEqual([])
  })

  it('starts a broker that keeps its data in the state folder and ends with 0 on the signal', async () => {
    await using home = new WaggleHome()
    const port = await freePort()
    const listener = `<tcp-listener><port>${port}</port><bind-address>127.0.0.1</bind-address></tcp-listener>`
    home.write('etc/config.xml', `<hivemq><listeners>${listener}</listeners></hivemq>`)
    const state = join(home.folder, 'state')
    mkdirSync(state)
    writeAllowAll(join(state, 'extensions'))
    const place = (text: string): string =>
      text
        .replaceAll('/var/lib/waggle', state)
        .replaceAll('/etc/waggle', join(home.folder, 'etc'))
        .replaceAll(INSTALLED, PROJECT)
    const environment = valuesOf('Environment').flatMap((value) => place(value).split(' '))
    const child = spawn(place(valuesOf('ExecStart')[0]!), {
      cwd: place(valuesOf('WorkingDirectory')[0]!),
      env: { PATH: process.env['PATH'], ...Object.fromEntries(environment.map((pair) => pair.split('='))) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let log = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        log += chunk.toString()
        // A second signal would end it at once.
        if (log.includes('Started HiveMQ in') && !child.killed) child.kill(valuesOf('KillSignal')[0] as 'SIGTERM')
      })
    }
    await once(child, 'close')
    expect(log).toMatch(/Shutting down HiveMQ .* on SIGTERM[^]*Shutdown completed\.\n$/)
    expect(child.exitCode).toBe(0)
    expect(existsSync(join(state, 'data/waggle/waggle.mdb'))).toBe(true)
    expect(existsSync(join(state, 'log'))).toBe(false)
  })

  it('gives the broker longer than it ever takes to stop', () => {
    const drainMs = /^const DRAIN_MS = ([\d_]+)$/m.exec(
      readFileSync(join(PROJECT, 'src/start/stop-on-signal.ts'), 'utf8'),
    )![1]!
    const [seconds] = valuesOf('TimeoutStopSec')
    expect(Number(seconds) * 1000).toBeGreaterThan(2 * Number(drainMs.replaceAll('_', '')))
  })
})
