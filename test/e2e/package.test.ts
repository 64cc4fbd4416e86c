// SPDX-License-Identifier: Apache-2.0
import { execFile, execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { connectAsync } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WaggleProcess } from '../support/waggle-process.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')
const NODE = process.execPath
/** What the package is made from. */
const SOURCES = [
  'bin',
  'docs',
  'examples',
  'extensions',
  'home',
  'scripts',
  'src',
  'package.json',
  'tsconfig.json',
  'tsconfig.sdk.json',
  'README.md',
  'LICENSE',
]
/** Of a user's project: what it is checked with, and what the package depends on. */
const INSTALLED = ['lmdb', '@types/node']

interface Packed {
  readonly files: readonly { readonly path: string }[]
  readonly filename: string
}

/** A folder with a project in which the package is installed. */
class Project implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'waggle-package-'))
  readonly folder: string = join(this.#folder, 'project')
  readonly package: string = join(this.folder, 'node_modules/waggle')
  packed: Packed | null = null

  /** From a copy of the sources: other tests run what was built here. */
  async install(): Promise<void> {
    const sources = join(this.#folder, 'sources')
    for (const name of SOURCES) cpSync(join(ROOT, name), join(sources, name), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(sources, 'node_modules'))
    // As in a checkout in which somebody has built and run something.
    this.#write(join(sources, 'home/data/waggle/data.mdb'), 'data')
    const { stdout } = await run('npm', ['pack', '--json', '--offline', '--pack-destination', this.#folder], {
      cwd: sources,
    })
    this.packed = (JSON.parse(stdout) as Packed[])[0]!
    mkdirSync(this.package, { recursive: true })
    execFileSync('tar', ['-xzf', join(this.#folder, this.packed.filename), '-C', this.package, '--strip-components=1'])
    for (const name of INSTALLED) {
      mkdirSync(dirname(join(this.folder, 'node_modules', name)), { recursive: true })
      symlinkSync(join(ROOT, 'node_modules', name), join(this.folder, 'node_modules', name))
    }
    mkdirSync(join(this.folder, 'node_modules/.bin'))
    symlinkSync('../waggle/bin/run.sh', this.command)
    this.write('package.json', JSON.stringify({ type: 'module' }))
  }

  get command(): string {
    return join(this.folder, 'node_modules/.bin/waggle')
  }

  write(name: string, text: string): void {
    this.#write(join(this.folder, name), text)
  }

  #write(path: string, text: string): void {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true })
  }
}

const ID = 'only-guests'

const EXTENSION = `import { defineExtension, type ConnectEvent, type Extension, ReasonCode, type TopicPermission } from 'waggle/extension'

const permissions: readonly TopicPermission[] = [{ topicFilter: 'guests/#', qos: [0, 1] }]

export function decide({ connect }: Pick<ConnectEvent, 'connect'>) {
  if (connect.userName !== 'guest') return { outcome: 'fail', reasonCode: ReasonCode.NOT_AUTHORIZED } as const
  return { outcome: 'success', permissions, clientSettings: { receiveMaximum: 10 } } as const
}

const extension: Extension = defineExtension({
  async start({ services, log }) {
    services.security.setAuthenticator({ onConnect: decide })
    services.initializers.setClientInitializer((context) => {
      context.intercept({
        publishInbound: ({ packet }) => ({ outcome: 'modify', changes: { payload: packet.payload.subarray(0, 2) } }),
      })
    })
    log.info(\`guests are welcome on \${services.admin.server.version}\`)
  },
})

export default extension
`

const TSCONFIG = {
  compilerOptions: {
    target: 'esnext',
    module: 'nodenext',
    types: ['node'],
    strict: true,
    noEmit: true,
    erasableSyntaxOnly: true,
    exactOptionalPropertyTypes: true,
    // The declarations of the package are to be right by themselves.
    skipLibCheck: false,
  },
  include: ['extensions'],
}

describe('the package that npm makes', () => {
  const project = new Project()
  beforeAll(() => project.install())
  afterAll(() => project[Symbol.dispose]())

  it('has what runs, the SDK and the examples, and nothing that only we need', () => {
    const paths = project.packed!.files.map(({ path }) => path)
    expect(paths).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'bin/run.sh',
        'dist/waggle.js',
        'docs/extensions.md',
        'examples/payload-enrichment/extension.ts',
        'home/conf/config.xml',
        'home/extensions/hivemq-allow-all-extension/hivemq-extension.xml',
        'sdk/extension.js',
        'sdk/extension-sdk/extension.d.ts',
      ]),
    )
    const folders = new Set(paths.map((path) => path.split('/')[0]))
    const expected = ['LICENSE', 'README.md', 'bin', 'dist', 'docs', 'examples', 'home', 'package.json', 'sdk']
    expect(folders).toEqual(new Set(expected))
    expect(paths.filter((path) => /test|data\.mdb|\.log$|(?<!\.d)\.ts$/.test(path))).toEqual([
      'examples/payload-enrichment/extension.ts',
      'examples/webhook-authenticator/extension.ts',
    ])
  })

  it('checks the types of extensions: one of the user’s, that of the document, the examples', async () => {
    project.write('tsconfig.json', JSON.stringify(TSCONFIG))
    project.write(`extensions/${ID}/extension.ts`, EXTENSION)
    const document = readFileSync(join(project.package, 'docs/extensions.md'), 'utf8')
    const [, documented] = /^```ts\n(.*?)^```/ms.exec(document)!
    project.write('extensions/documented.ts', documented!)
    cpSync(join(project.package, 'examples'), join(project.folder, 'extensions/examples'), { recursive: true })
    project.write('extensions/wrong.ts', EXTENSION.replace("topicFilter: 'guests/#'", "topicFiler: 'guests/#'"))
    const failed = run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', '.', '--pretty', 'false'], { cwd: project.folder })
    await expect(failed).rejects.toMatchObject({
      // That one alone: what follows it is a line about what was expected.
      stdout: expect.stringMatching(/^extensions\/wrong\.ts\(3,\d+\): error TS2561: .*'topicFiler'[^(]*$/),
    })
  })

  it('lets an extension be tested by itself', async () => {
    project.write(`extensions/${ID}/extension.ts`, EXTENSION)
    const test = `import extension, { decide } from './extensions/${ID}/extension.ts'
import { NoSuchClientError, ReasonCode } from 'waggle/extension'
console.log(JSON.stringify([typeof extension.start, decide({ connect: { userName: 'x' } }), new NoSuchClientError('c').name]))`
    project.write('test.js', test)
    const { stdout } = await run(NODE, ['test.js'], { cwd: project.folder })
    expect(JSON.parse(stdout)).toEqual(['function', { outcome: 'fail', reasonCode: 0x87 }, 'NoSuchClientError'])
  })

  it('has the command waggle, which runs the broker, with that extension', async () => {
    project.write(`extensions/${ID}/extension.ts`, EXTENSION)
    const description = { name: ID, version: '1.0.0', type: 'module', waggle: {} }
    project.write(`extensions/${ID}/package.json`, JSON.stringify(description))
    await using waggle = await WaggleProcess.start('', {
      home: project.folder,
      cwd: project.folder,
      command: [project.command],
      env: { HIVEMQ_HOME: '', WAGGLE_NODE: NODE },
      isOpenToAll: false,
    })
    const version = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version
    expect(waggle.log).toContain(`Extension ${ID}: guests are welcome on ${version}`)
    const options = { protocolVersion: 5, reconnectPeriod: 0, username: 'guest', password: 'x' } as const
    const client = await connectAsync(`mqtt://127.0.0.1:${waggle.port}`, options)
    await client.subscribeAsync('guests/#')
    const message = new Promise((resolve) => client.once('message', (_topic, payload) => resolve(payload.toString())))
    await client.publishAsync('guests/a', 'abc')
    expect(await message).toBe('ab')
    await client.endAsync(true)
    await expect(connectAsync(`mqtt://127.0.0.1:${waggle.port}`, { ...options, username: 'x' })).rejects.toThrow(
      /Not authorized/,
    )
    expect(await waggle.stop()).toBe(0)
  })

  it('runs nothing in a folder that is no home, and keeps no data within itself', async () => {
    const env = { PATH: process.env['PATH'], WAGGLE_NODE: NODE }
    const cwd = join(project.folder, 'extensions')
    const failed = run(project.command, [], { cwd, env })
    await expect(failed).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /This folder has no conf\/config\.xml\. Set HIVEMQ_HOME, or copy .*waggle\/home\/\. \.$/m,
      ),
    })
    const { stdout } = await run(project.command, ['--help'], { cwd, env })
    expect(stdout).toMatch(/check-config/)
  })
})
