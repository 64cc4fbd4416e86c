// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FileRbacAuthenticator } from '../../extensions/hivemq-file-rbac-extension/authenticator.ts'
import {
  ACTIVITIES,
  type Credentials,
  type Permission,
  QOS,
  RETAIN,
  SHARED_SUBSCRIPTION,
} from '../../extensions/hivemq-file-rbac-extension/credentials.ts'
import { DEFAULT_CONFIG, type ExtensionConfig } from '../../extensions/hivemq-file-rbac-extension/extension-config.ts'
import { PasswordChecker } from '../../extensions/hivemq-file-rbac-extension/password-checker.ts'
import type { ConnectEvent } from '../extension-sdk/authenticator.ts'
import { Permissions } from '../broker/permissions.ts'
import { parseTopicFilter } from '../topic/topic-filter.ts'
import { decide, type Question } from './explain.ts'
import { runCommand } from './run-command.ts'

const CREDENTIALS = `<file-rbac>
<users><user><name>gw</name><password>c2FsdA==:1:hi3v8jkIEPHNAV2uNRoZ5soPOv8EnkhX3kK/FszlXrgSxvr1JLLInlu2TwH8Alg4N1txffBF6KRKDW2yQkp7aw==</password>
<roles><id>reader</id><id>writer</id></roles></user></users>
<roles>
<role><id>reader</id><permissions><permission><topic>umh/#</topic><activity>SUBSCRIBE</activity></permission></permissions></role>
<role><id>writer</id><permissions><permission>
<topic>umh/\${{clientid}}/#</topic><activity>PUBLISH</activity><retain>NOT_RETAINED</retain></permission></permissions></role>
</roles></file-rbac>`

async function run(
  given: string | Readonly<Record<string, string>>,
  ...args: string[]
): Promise<[number | null, string]> {
  await using home = await mkdtempDisposable(join(tmpdir(), 'explain-'))
  const folder = join(home.path, 'extensions', 'hivemq-file-rbac-extension')
  await mkdir(folder, { recursive: true })
  const files = typeof given === 'string' ? { 'credentials.xml': given } : given
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  let output = ''
  const write = (text: string): void => void (output += text)
  const context = { environment: {}, defaultHome: home.path, workingFolder: '/', write, writeError: write }
  const exitCode = await runCommand(['explain', ...args], context)
  return [exitCode, output.replaceAll(home.path, '')]
}

describe('waggle explain', () => {
  const client = ['--client', 'c', '--user', 'gw']
  const FILE = '/extensions/hivemq-file-rbac-extension/credentials.xml'

  it.each([
    [['connect', ...client], 0, 'allowed: FILE: user "gw", if the password is right'],
    [['connect', '--client', '#', '--user', 'gw'], 1, 'denied: FILE: # and + are not allowed in the client identifier'],
    [['connect', '--client', 'c', '--user', 'nobody'], 1, 'denied: FILE: there is no user "nobody"'],
    [
      ['publish', ...client, '--topic', 'umh/c/x', '--qos', '2'],
      0,
      'allowed: FILE: line 7: role "writer", permission for umh/${{clientid}}/#, here umh/c/#',
    ],
    [
      ['publish', ...client, '--topic', 'umh/c/x', '--retain'],
      1,
      'denied: FILE: no permission of role "reader", role "writer" covers it',
    ],
    [
      ['subscribe', ...client, '--topic', '$share/g/umh/#'],
      0,
      'allowed: FILE: line 5: role "reader", permission for umh/#',
    ],
    [
      ['subscribe', ...client, '--topic', '#'],
      1,
      'denied: FILE: no permission of role "reader", role "writer" covers it',
    ],
  ])('%j', async (args, exitCode, output) => {
    expect(await run(CREDENTIALS, ...args)).toEqual([exitCode, `${output.replace('FILE', FILE)}\n`])
  })

  it('tells a permission that HiveMQ would take for more, and does the same where it is told to', async () => {
    const credentials = CREDENTIALS.replace('umh/#', 'umh/+')
    const question = ['subscribe', ...client, '--topic', 'umh/#']
    const none = 'no permission of role "reader", role "writer" covers it'
    const reason = 'line 5: role "reader", permission for umh/+'
    expect(await run(credentials, ...question)).toEqual([
      1,
      `denied: ${FILE}: ${none}; with plus-covers-hash it would be allowed, as in HiveMQ: ${reason}\n`,
    ])
    const xml =
      '<extension-configuration><waggle><plus-covers-hash>true</plus-covers-hash></waggle></extension-configuration>'
    expect(await run({ 'credentials.xml': credentials, 'extension-config.xml': xml }, ...question)).toEqual([
      0,
      `allowed: ${FILE}: ${reason}\n`,
    ])
  })

  it('says what is wrong with the file', async () => {
    const [exitCode, output] = await run('<file-rbac/>', 'connect', ...client)
    expect(exitCode).toBe(1)
    expect(output).toBe(
      `denied: ${FILE}: the file is not valid\n  line 1: there are no users\n  line 1: there are no roles\n`,
    )
  })

  it.each([
    [],
    ['publish', ...client],
    ['connect'],
    ['connect', '--other'],
    ['publish', '--qos', '3', '--user', 'u', '--topic', 'a'],
  ])('tells how it is called: %j', async (...args) => {
    expect(await run(CREDENTIALS, ...args)).toEqual([2, expect.stringContaining('usage: waggle explain connect')])
  })

  it('never differs from what the broker decides', async () => {
    await fc.assert(
      fc.asyncProperty(credentialsArbitrary, questionArbitrary, plusCoversHash, async (credentials, question, plus) => {
        const config = { ...DEFAULT_CONFIG, plusCoversHash: plus }
        expect(decide(credentials, question, config).isAllowed).toBe(await decisionOf(credentials, question, config))
      }),
      { numRuns: 500 },
    )
  })
})

const plusCoversHash = fc.constantFrom(null, false, true)
const level = fc.constantFrom('a', 'b', 'c', '+', '')
const pathOf = fc.array(level, { minLength: 1, maxLength: 3 }).map((levels) => levels.join('/'))
const topicFilter = fc.oneof(
  pathOf,
  pathOf.map((path) => `${path}/#`),
  fc.constantFrom('#', 'a#', '${{clientid}}/+', '$share/g/a', 'a/${{username}}'),
)
const permission: fc.Arbitrary<Permission> = fc.record({
  topic: topicFilter,
  activity: fc.constantFrom(...ACTIVITIES),
  qos: fc.constantFrom(...QOS),
  retain: fc.constantFrom(...RETAIN),
  sharedSubscription: fc.constantFrom(...SHARED_SUBSCRIPTION),
  sharedGroup: fc.constantFrom('#', 'g', 'h'),
  line: fc.constant(1),
})
const credentialsArbitrary: fc.Arbitrary<Credentials> = fc
  .array(fc.array(permission, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 2 })
  .map((roles) => {
    const password = { algorithm: 'plain', bytes: Buffer.from('secret') } as const
    const ids = roles.map((_role, i) => `role-${i}`)
    return {
      users: new Map([['c', { name: 'c', password, passwordText: 'secret', roles: ids }]]),
      roles: new Map(roles.map((permissions, i) => [ids[i]!, { id: ids[i]!, permissions }])),
    }
  })
const questionArbitrary: fc.Arbitrary<Question> = fc.record({
  action: fc.constantFrom('connect', 'publish', 'subscribe'),
  clientId: fc.constantFrom('a', 'b/c', '', 'a+'),
  userName: fc.constantFrom('c', 'c', 'c', 'd', 'c#'),
  topic: fc.oneof(pathOf, topicFilter),
  qos: fc.constantFrom(0, 1, 2),
  retain: fc.boolean(),
})

/** As the running broker comes to it. */
async function decisionOf(credentials: Credentials, question: Question, config: ExtensionConfig): Promise<boolean> {
  const { action, clientId, userName, topic, qos, retain } = question
  const listener = { onCacheHit: (): void => undefined, onComputed: (): void => undefined }
  const checker = new PasswordChecker(() => 0, listener)
  const authenticator = new FileRbacAuthenticator({ config, checker, credentials: () => credentials, connected: null })
  const decision = await authenticator.onConnect({
    connect: { clientId, userName, password: Buffer.from('secret') },
    connection: { listener: { name: 'l' } },
    signal: new AbortController().signal,
  } as unknown as ConnectEvent)
  if (decision.outcome !== 'success') return false
  const permissions = new Permissions()
  try {
    for (const each of decision.permissions ?? []) permissions.add(each)
  } catch {
    return false
  }
  permissions.setDefaultBehaviour('deny')
  if (action === 'connect') return true
  if (action === 'publish') return permissions.mayPublish({ clientId, userName }, topic, qos, retain)
  const parsed = parseTopicFilter(topic)
  const request = { topicFilter: topic, qos, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
  return parsed !== null && permissions.maySubscribe({ clientId, userName }, parsed, request)
}
