// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { writeAllowAll } from '../support/extension-folders.ts'
import { freePort } from '../support/free-port.ts'
import { WaggleHome } from '../support/waggle-home.ts'
import { BUNDLE } from '../support/waggle-process.ts'

const RUN_SH = join(import.meta.dirname, '../../bin/run.sh')

const HIVEMQ_NAMES: ReadonlySet<string> = new Set(['data.lock', 'meta.id', 'metadata', 'persistence', 'tmp'])

/** Each file below a folder with its bytes and its time. */
function stateOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name)
      return [path, `${statSync(path).mtimeMs} ${readFileSync(path, 'latin1')}`]
    }),
  )
}

async function configWithPort(home: WaggleHome, name = 'conf/config.xml'): Promise<number> {
  const port = await freePort()
  const listener = `<tcp-listener><port>${port}</port><bind-address>127.0.0.1</bind-address></tcp-listener>`
  home.write(name, `<hivemq><listeners>${listener}</listeners></hivemq>`)
  return port
}

describe('a data folder that HiveMQ has written', () => {
  it('is neither read nor changed, and one line says so', async () => {
    await using home = new WaggleHome()
    const persistence = [
      'client_queue/040500/client_queue_0/xd.lck',
      'client_session_store/040000/00000000000.xd',
      'retained_messages/040500_R/retained_messages_0/CURRENT',
      'publish_payload_store/040500_R/publish_payload_store_0/LOCK',
    ].map((name) => `persistence/${name}`)
    for (const name of ['data.lock', 'meta.id', 'metadata/versions.hmq', 'tmp/kept', ...persistence]) {
      home.write(`data/${name}`, `of HiveMQ: ${name}`)
    }
    const data = join(home.folder, 'data')
    const before = stateOf(data)
    for (let i = 0; i < 2; i++) {
      const waggle = await home.start()
      expect(waggle.log.match(/INFO {2}- .* has data of HiveMQ \(.*\), which is neither read nor changed/g)).toEqual([
        expect.stringContaining('(meta.id, metadata, persistence)'),
      ])
      expect(await waggle.stop()).toBe(0)
    }
    expect(stateOf(data)).toMatchObject(before)
    const added = readdirSync(data).filter((name) => !HIVEMQ_NAMES.has(name))
    expect(added.toSorted()).toEqual(['waggle', 'waggle.id'])
  })
})

describe('JAVA_OPTS', () => {
  it('say where folders are, before the variables, and nothing else of them counts or is shown', async () => {
    await using home = new WaggleHome()
    const port = await configWithPort(home, 'conf-of-java/config.xml')
    const options = [
      '-Xmx750m -Xms750m -XX:+UseNUMA',
      `-Dhivemq.config.folder=${join(home.folder, 'conf-of-java')}`,
      '-Dhivemq.log.folder=log-of-java',
      '-Djavax.net.ssl.keyStorePassword=secret',
    ].join(' ')
    const waggle = await home.start('', { env: { JAVA_OPTS: options, HIVEMQ_CONFIG_FOLDER: 'nowhere' } })
    expect(waggle.log).toContain(`Started TCP Listener on address 127.0.0.1 and on port ${port}.`)
    expect(waggle.log).toContain('INFO  - JAVA_OPTS: -Xmx750m -Xms750m has no effect, there is no Java heap\n')
    expect(waggle.log).not.toContain('secret')
    expect(await waggle.stop()).toBe(0)
    expect(readdirSync(join(home.folder, 'log-of-java')).toSorted()).toEqual(['event.log', 'hivemq.log'])
  })
})

describe('bin/run.sh', () => {
  /** Runs it to its end; the broker is stopped as soon as it is ready. */
  async function run(
    command: readonly string[],
    options: { cwd?: string; env?: Record<string, string> } = {},
  ): Promise<{ code: number | null; log: string; errors: string }> {
    const env = { PATH: process.env['PATH'], ...options.env }
    const child = spawn(command[0]!, command.slice(1), { cwd: options.cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let log = ''
    let errors = ''
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    child.stdout.on('data', (chunk: Buffer) => {
      const wasReady = log.includes('Started HiveMQ in')
      log += chunk.toString()
      if (!wasReady && log.includes('Started HiveMQ in')) child.kill('SIGTERM')
    })
    await once(child, 'close')
    return { code: child.exitCode, log, errors }
  }

  it('starts the broker from anywhere, through links, and signals reach it', async () => {
    await using home = new WaggleHome()
    await configWithPort(home)
    writeAllowAll(join(home.folder, 'extensions'))
    mkdirSync(join(home.folder, 'links/deep down'), { recursive: true })
    symlinkSync(RUN_SH, join(home.folder, 'links/absolute.sh'))
    symlinkSync('../absolute.sh', join(home.folder, 'links/deep down/relative.sh'))
    const { code, log, errors } = await run(['deep down/relative.sh'], {
      cwd: join(home.folder, 'links'),
      env: { HIVEMQ_HOME: home.folder },
    })
    expect(errors).toBe('')
    expect(code).toBe(0)
    expect(log).toContain(`HiveMQ home directory: ${home.folder}\n`)
    expect(log).toMatch(/Shutting down HiveMQ .* on SIGTERM[^]*Shutdown completed\.\n$/)
  })

  it('takes the folder above it for the home where that is one, as in an image', async () => {
    await using home = new WaggleHome()
    await configWithPort(home)
    writeAllowAll(join(home.folder, 'extensions'))
    mkdirSync(join(home.folder, 'bin'))
    copyFileSync(RUN_SH, join(home.folder, 'bin/run.sh'))
    copyFileSync(BUNDLE, join(home.folder, 'bin/waggle.js'))
    symlinkSync(join(import.meta.dirname, '../../node_modules'), join(home.folder, 'node_modules'))
    const { code, log } = await run([join(home.folder, 'bin/run.sh')], { cwd: '/' })
    expect(log).toContain(`HiveMQ home directory: ${home.folder}\n`)
    expect(code).toBe(0)
  })

  it('passes commands on, with their exit code', async () => {
    const { code, log } = await run([RUN_SH, 'check-config', import.meta.filename])
    expect(log).toContain('the broker does not start')
    expect(code).toBe(1)
  })

  it('says what is missing, on standard error with exit code 1', async () => {
    await using home = new WaggleHome()
    const noHome = await run([RUN_SH], { env: { HIVEMQ_HOME: '/nowhere' } })
    expect(noHome).toEqual({ code: 1, log: '', errors: 'ERROR! HIVEMQ_HOME points to /nowhere, which is no folder.\n' })
    mkdirSync(join(home.folder, 'bin'))
    mkdirSync(join(home.folder, 'conf'))
    copyFileSync(RUN_SH, join(home.folder, 'bin/run.sh'))
    const noBundle = await run([join(home.folder, 'bin/run.sh')])
    expect(noBundle).toMatchObject({
      code: 1,
      log: '',
      errors: expect.stringMatching(/^ERROR! There is no .*waggle\.js\. /),
    })
    home.write('bin/waggle.js', '')
    const noNode = await run(['/bin/sh', join(home.folder, 'bin/run.sh')], { env: { PATH: '/nowhere' } })
    expect(noNode).toMatchObject({ code: 1, log: '' })
  })
})
