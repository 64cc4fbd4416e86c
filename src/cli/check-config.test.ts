// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Environment } from '../config/environment.ts'
import { runCommand } from './run-command.ts'

interface Outcome {
  readonly exitCode: number | null
  readonly output: string
}

async function run(args: string[], workingFolder: string, environment: Environment = {}): Promise<Outcome> {
  let output = ''
  const write = (text: string): void => void (output += text)
  const exitCode = await runCommand(args, {
    environment,
    defaultHome: workingFolder,
    workingFolder,
    write,
    writeError: write,
  })
  return { exitCode, output }
}

const WITHOUT = '--without-stores'

const TLS = `<hivemq><listeners><tls-tcp-listener><port>8883</port>
<tls><keystore><path>key.jks</path><password>hidden</password></keystore></tls></tls-tcp-listener></listeners></hivemq>`

/** A home folder with this config.xml. */
async function homeWith(xml: string): ReturnType<typeof mkdtempDisposable> {
  const home = await mkdtempDisposable(join(tmpdir(), 'check-config-'))
  await mkdir(join(home.path, 'conf'))
  await writeFile(join(home.path, 'conf', 'config.xml'), xml)
  return home
}

describe('waggle check-config', () => {
  it('finds the file by its name, its folder or its home, and counts files in it from the home', async () => {
    await using home = await homeWith(TLS)
    const file = join(home.path, 'conf', 'config.xml')
    const none = await run(['check-config', WITHOUT], '/', { HIVEMQ_HOME: home.path })
    expect(none).toEqual({
      exitCode: 0,
      output: expect.stringContaining(`${file}: the broker starts, with\n`) as string,
    })
    expect(none.output).toContain(`keystore/path = ${join(home.path, 'key.jks')}  (config.xml:2)`)
    for (const target of [home.path, 'conf', join('conf', 'config.xml')]) {
      expect(await run(['check-config', WITHOUT, target], home.path)).toEqual(none)
    }
    const elsewhere = await run(['check-config', file, WITHOUT], '/', { HIVEMQ_HOME: '/opt/hivemq' })
    expect(elsewhere.output).toContain('keystore/path = /opt/hivemq/key.jks')
  })

  it('shows each setting with its origin, and no secret', async () => {
    await using home = await homeWith(TLS)
    const { output } = await run(['check-config', WITHOUT, home.path], '/')
    expect(output).toContain('  mqtt/quality-of-service/max-qos = 2  (default)\n')
    expect(output).toContain('  listeners/tls-tcp-listener[tls-tcp-listener-8883]/port = 8883  (config.xml:1)\n')
    expect(output).toContain('/tls/keystore/password = ***  (config.xml:2)\n')
    expect(output).not.toContain('hidden')
  })

  it('exits with 1 on an error and with 0 on warnings', async () => {
    await using home = await homeWith('<hivemq>\n<typo/></hivemq>')
    const file = join(home.path, 'conf', 'config.xml')
    const warned = await run(['check-config', file], '/')
    expect(warned.exitCode).toBe(0)
    expect(warned.output).toContain(`WARN  ${file}:2:1: typo: found an unknown element`)
    await writeFile(file, '<hivemq><typo/><mqtt></hivemq>')
    expect(await run(['check-config', file], '/')).toEqual({
      exitCode: 1,
      output: `ERROR ${file}:1:22: found "Missing end tag for element mqtt", expected well-formed XML; the broker does not start\n\n${file}: the broker does not start\n`,
    })
  })

  it('exits with 1 where it was pointed at nothing, but not where the broker would start without a file', async () => {
    await using home = await mkdtempDisposable(join(tmpdir(), 'check-config-'))
    const { exitCode, output } = await run(['check-config', 'nothing'], home.path)
    expect(exitCode).toBe(1)
    expect(output).toBe(
      'ERROR nothing: found no config.xml, expected one, or a folder with config.xml or conf/config.xml\n',
    )
    expect((await run(['check-config'], home.path)).exitCode).toBe(0)
  })
})

describe('the command line', () => {
  it('starts the broker without a command', async () => {
    expect(await run([], '/')).toEqual({ exitCode: null, output: '' })
  })

  it.each([['chekc-config'], ['check-config', 'a', 'b'], ['check-config', '--with-stores'], ['--port', '1']])(
    'refuses %s %s',
    async (...args) => {
      const { exitCode, output } = await run(args, '/')
      expect(exitCode).toBe(2)
      expect(output).toMatch(/^usage: waggle/)
    },
  )

  it('helps', async () => {
    expect((await run(['--help'], '/')).exitCode).toBe(0)
  })
})
