// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { toXml } from './archive.ts'
import { type CredentialsReading, readCredentials } from './read-credentials.ts'

const SETTINGS = { passwordType: 'HASHED', repeatedTopic: 'all', plusCoversHash: null } as const
const HASH = 'c2FsdA==:1:hi3v8jkIEPHNAV2uNRoZ5soPOv8EnkhX3kK/FszlXrgSxvr1JLLInlu2TwH8Alg4N1txffBF6KRKDW2yQkp7aw=='

function user(name: string, roles = '<id>r</id>', password = HASH): string {
  return `<user><name>${name}</name><password>${password}</password><roles>${roles}</roles></user>`
}

function role(id: string, ...permissions: string[]): string {
  const all = permissions.map((permission) => `<permission>${permission}</permission>`).join('\n')
  return `<role><id>${id}</id><permissions>${all}</permissions></role>`
}

function read(users: string, roles: string, settings = {}): CredentialsReading {
  return readCredentials(`<file-rbac>\n<users>${users}</users>\n<roles>${roles}</roles>\n</file-rbac>`, {
    ...SETTINGS,
    ...settings,
  })
}

function topicsOf({ credentials }: CredentialsReading): string[] {
  return credentials!.roles.get('superuser')!.permissions.map(({ topic }) => topic)
}

describe('credentials.xml', () => {
  it('has users, roles and permissions; what is left out is ALL', () => {
    const full = `<topic>a/#</topic><activity>PUBLISH</activity><qos>ZERO_ONE</qos><retain>RETAINED</retain>
      <shared-subscription>NOT_SHARED</shared-subscription><shared-group>g</shared-group><unknown/>`
    const empty = '<qos/><shared-group></shared-group><topic><![CDATA[b]]>/${{clientid}}</topic>'
    const { credentials, problems, warnings } = read(user('u'), role('r', full, empty))
    expect([problems, warnings]).toEqual([[], []])
    expect(credentials!.users.get('u')).toMatchObject({ name: 'u', roles: ['r'], password: { iterations: 1 } })
    const all = { activity: 'ALL', qos: 'ALL', retain: 'ALL', sharedSubscription: 'ALL', sharedGroup: '#' }
    expect(credentials!.roles.get('r')!.permissions).toEqual([
      {
        topic: 'a/#',
        activity: 'PUBLISH',
        qos: 'ZERO_ONE',
        retain: 'RETAINED',
        sharedSubscription: 'NOT_SHARED',
        sharedGroup: 'g',
        line: 3,
      },
      { ...all, topic: 'b/${{clientid}}', line: 5 },
    ])
  })

  it('says everything that is wrong at once, with lines', () => {
    const users = [
      user('u'),
      user('u'),
      '<user/>',
      user('v', '<id/><id>unknown</id>', 'in the clear'),
      user(' u '),
    ].join('\n')
    const roles = [
      role('r', '<topic>a</topic><activity>publish</activity>', '<topic/>'),
      role('r', '<topic>a</topic>'),
      '<role><id>empty</id></role>',
      role('', '<topic>a</topic><qos>3</qos><shared-group>a/b</shared-group>'),
    ].join('\n')
    const { credentials, problems, warnings } = read(users, roles)
    expect(credentials).toBeNull()
    expect(warnings).toEqual([])
    expect(problems).toEqual([
      'line 7: activity: found "publish", expected one of PUBLISH, SUBSCRIBE, ALL',
      'line 8: a permission of role "r" has no topic',
      'line 9: another role has the id "r" already',
      'line 10: role "empty" has no permissions',
      'line 11: a role has no id',
      'line 11: qos: found "3", expected one of ZERO, ONE, TWO, ZERO_ONE, ONE_TWO, ZERO_TWO, ALL',
      'line 11: found the shared-group "a/b", expected # or the name of a group',
      'line 3: another user has the name "u" already',
      'line 4: a user has no name',
      'line 4: user "" has no roles',
      'line 4: user "" has no password',
      'line 5: a role of user "v" is empty',
      'line 5: user "v" has the unknown role "unknown"',
      'line 5: the password of user "v" is no hash: expected salt:iterations:hash, as `waggle hash-password` makes it',
    ])
  })

  it.each([
    ['', 'line 1: '],
    ['<file-rbac>', 'line 1: '],
    ['<!DOCTYPE file-rbac [<!ENTITY a "b">]><file-rbac/>', 'line 1: found a DOCTYPE'],
    ['<other/>', 'line 1: found the root element other, expected file-rbac'],
    ['<file-rbac/>', 'line 1: there are no users\nline 1: there are no roles'],
    ['<file-rbac><users/>\n<roles/></file-rbac>', 'line 1: there are no users\nline 1: there are no roles'],
  ])('is refused as a whole: %j', (text, problem) => {
    const { credentials, problems } = readCredentials(text, SETTINGS)
    expect(credentials).toBeNull()
    expect(problems.join('\n')).toContain(problem)
  })

  it('takes a user with a hash that matches nothing, as HiveMQ does, and warns', () => {
    const { credentials, warnings } = read(user('u', '<id>r</id>', 'a:b:c:d'), role('r', '<topic>a</topic>'))
    expect(credentials!.users.has('u')).toBe(true)
    expect(warnings).toEqual([
      'line 2: the password of user "u" has more than the three parts salt:iterations:hash; the user cannot log in',
    ])
  })

  it('takes all topics of a permission, or as HiveMQ the last; either way it warns', () => {
    const superuser = role('superuser', '<topic>#</topic>\n<topic>$dropped/#</topic>\n<topic>$dead/#</topic>')
    const users = user('u', '<id>superuser</id>')
    const all = read(users, superuser)
    expect(topicsOf(all)).toEqual(['#', '$dropped/#', '$dead/#'])
    expect(all.warnings).toEqual([
      'line 3: a permission of role "superuser" has several topics (lines 3, 4, 5): all of them count; HiveMQ takes the last one alone',
    ])
    const last = read(users, superuser, { repeatedTopic: 'last' })
    expect(topicsOf(last)).toEqual(['$dead/#'])
    expect(last.warnings).toHaveLength(1)
  })

  it('says once which permissions HiveMQ would take for more than they say, unless somebody has decided', () => {
    const topics = ['a/+', 'a/+/b', 'a+', '+/#', 'a/+/', '#', '${{clientid}}/+'].map((t) => `<topic>${t}</topic>`)
    const roles = role('r', ...topics, '<topic>p/+</topic><activity>PUBLISH</activity>')
    expect(read(user('u'), roles).warnings).toEqual([
      expect.stringMatching(/^lines 3, 6, 7, 9: topics that end in \+ or \+\/# do not allow/),
    ])
    expect(read(user('u'), roles, { plusCoversHash: false }).warnings).toEqual([])
    expect(read(user('u'), roles, { plusCoversHash: true }).warnings).toEqual([])
    const many = role('r', ...Array.from({ length: 25 }, () => '<topic>+</topic>'))
    expect(read(user('u'), many).warnings).toEqual([expect.stringMatching(/ 21, 22 and 5 more: /)])
  })

  it('takes the last of what is given again', () => {
    const xml = `<file-rbac><users>${user('old')}</users><users>${user('new')}</users><roles>${role('r', '<topic>a</topic>')}</roles></file-rbac>`
    const { credentials, warnings } = readCredentials(xml, SETTINGS)
    expect([...credentials!.users.keys()]).toEqual(['new'])
    expect(warnings).toEqual(['line 1: users is given again: the last one counts'])
  })

  it('reads the same from what goes into the archive', () => {
    const permissions = [
      '<topic>a&amp;b/&lt;#</topic><qos>TWO</qos>',
      '<topic>${{username}}</topic><retain>RETAINED</retain>',
    ]
    const { credentials } = read(user('u&amp;v') + user('w'), role('r', ...permissions))
    const again = readCredentials(toXml(credentials!), SETTINGS)
    expect(again.problems).toEqual([])
    expect([...again.credentials!.users]).toEqual([...credentials!.users])
    const withoutLine = [...credentials!.roles.get('r')!.permissions].map((permission) => ({ ...permission, line: 0 }))
    expect([...again.credentials!.roles.get('r')!.permissions].map((p) => ({ ...p, line: 0 }))).toEqual(withoutLine)
  })
})
