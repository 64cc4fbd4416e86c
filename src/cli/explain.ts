// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  type Credentials,
  type Permission,
  toTopicPermission,
} from '../../extensions/hivemq-file-rbac-extension/credentials.ts'
import { CREDENTIALS_PLACES } from '../../extensions/hivemq-file-rbac-extension/credentials-file.ts'
import {
  DEFAULT_CONFIG,
  type ExtensionConfig,
  readExtensionConfig,
} from '../../extensions/hivemq-file-rbac-extension/extension-config.ts'
import { CONFIG_PLACES } from '../../extensions/hivemq-file-rbac-extension/extension.ts'
import { readCredentials } from '../../extensions/hivemq-file-rbac-extension/read-credentials.ts'
import { substitute } from '../../extensions/hivemq-file-rbac-extension/substitution.ts'
import { Permissions } from '../broker/permissions.ts'
import type { QoS } from '../codec/packet-type.ts'
import { resolveFolders } from '../config/folders.ts'
import { parseTopicFilter } from '../topic/topic-filter.ts'
import type { CommandContext } from './command-context.ts'

const ID = 'hivemq-file-rbac-extension'

/** What somebody wants to do. */
export interface Question {
  readonly action: 'connect' | 'publish' | 'subscribe'
  readonly clientId: string
  readonly userName: string
  /** A topic name, or a topic filter, `$share/…` included. */
  readonly topic: string
  readonly qos: QoS
  readonly retain: boolean
}

export interface Explanation {
  readonly isAllowed: boolean
  /** Why, without a full stop. */
  readonly text: string
}

type PlusSetting = Pick<ExtensionConfig, 'plusCoversHash'>

export const EXPLAIN_USAGE = `waggle explain connect   --client ID --user NAME
       waggle explain publish   --client ID --user NAME --topic TOPIC [--qos N] [--retain]
       waggle explain subscribe --client ID --user NAME --topic FILTER [--qos N]
`

/** Says whether file-RBAC would allow something, and by which line; 0 if it would, 1 if not, 2 for a call that makes no sense. */
export async function explain(args: readonly string[], context: CommandContext): Promise<number> {
  const question = parseQuestion(args)
  if (question === null) {
    context.write(`usage: ${EXPLAIN_USAGE}`)
    return 2
  }
  const folder = join(resolveFolders(context.environment, context.defaultHome).extensions, ID)
  const configText = (await readFirst(folder, CONFIG_PLACES))?.text
  const config = configText === undefined ? DEFAULT_CONFIG : readExtensionConfig(configText).config
  const found = await readFirst(folder, CREDENTIALS_PLACES)
  if (found === null) {
    context.write(`denied: there is no ${CREDENTIALS_PLACES.join(' or ')} in ${folder}\n`)
    return 1
  }
  const { credentials, problems } = readCredentials(found.text, config)
  const { isAllowed, text } =
    credentials === null
      ? { isAllowed: false, text: ['the file is not valid', ...problems].join('\n  ') }
      : decide(credentials, question, config)
  context.write(`${isAllowed ? 'allowed' : 'denied'}: ${found.file}: ${text}\n`)
  return isAllowed ? 0 : 1
}

/** The decision of the running broker, made one permission after the other to find the one that decides. */
export function decide(credentials: Credentials, question: Question, config: PlusSetting): Explanation {
  const { action, clientId, userName } = question
  const plusCoversHash = config.plusCoversHash === true
  if (/[#+]/.test(clientId)) return denied('# and + are not allowed in the client identifier')
  if (/[#+]/.test(userName)) return denied('# and + are not allowed in the user name')
  const user = credentials.users.get(userName)
  if (user === undefined) return denied(`there is no user ${JSON.stringify(userName)}`)
  const permissions = user.roles.flatMap((id) =>
    credentials.roles.get(id)!.permissions.map((permission) => single(permission, id, question, plusCoversHash)),
  )
  const broken = permissions.find(({ decides }) => decides === null)
  if (broken !== undefined) {
    return denied(`line ${broken.line}: ${broken.topicFilter} is no topic filter, so this client cannot log in`)
  }
  if (action === 'connect') {
    return { isAllowed: true, text: `user ${JSON.stringify(userName)}, if the password is right` }
  }
  const deciding = permissions.find(({ decides }) => isAllowedBy(decides!, question))
  if (deciding === undefined) {
    const text = `no permission of ${user.roles.map((id) => `role ${JSON.stringify(id)}`).join(', ')} covers it`
    const inHivemq = plusCoversHash ? null : decide(credentials, question, { plusCoversHash: true })
    const hint =
      inHivemq?.isAllowed === true ? `; with plus-covers-hash it would be allowed, as in HiveMQ: ${inHivemq.text}` : ''
    return denied(`${text}${hint}`)
  }
  const { line, role, topic, topicFilter } = deciding
  const inserted = topicFilter === topic ? '' : `, here ${topicFilter}`
  return { isAllowed: true, text: `line ${line}: role ${JSON.stringify(role)}, permission for ${topic}${inserted}` }
}

interface SinglePermission extends Pick<Permission, 'topic' | 'line'> {
  readonly role: string
  readonly topicFilter: string
  /** The broker's own rules, with this permission alone; null where names have made no topic filter of it. */
  readonly decides: Permissions | null
}

function single(
  permission: Permission,
  role: string,
  { clientId, userName }: Question,
  plusCoversHash: boolean,
): SinglePermission {
  const { topic, line } = permission
  const topicFilter = substitute(topic, clientId, userName)
  const decides = new Permissions()
  decides.setDefaultBehaviour('deny')
  try {
    decides.add(toTopicPermission(permission, topicFilter, plusCoversHash))
    return { topic, line, role, topicFilter, decides }
  } catch {
    return { topic, line, role, topicFilter, decides: null }
  }
}

function isAllowedBy(permissions: Permissions, { action, clientId, userName, topic, qos, retain }: Question): boolean {
  const client = { clientId, userName }
  if (action === 'publish') return permissions.mayPublish(client, topic, qos, retain)
  const parsed = parseTopicFilter(topic)
  if (parsed === null) return false
  const request = { topicFilter: topic, qos, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
  return permissions.maySubscribe(client, parsed, request)
}

function denied(text: string): Explanation {
  return { isAllowed: false, text }
}

/** Null where the call makes no sense. */
function parseQuestion(args: readonly string[]): Question | null {
  const [action, ...rest] = args
  if (action !== 'connect' && action !== 'publish' && action !== 'subscribe') return null
  const text = { type: 'string', default: '' } as const
  try {
    const { values } = parseArgs({
      args: rest,
      options: {
        client: text,
        user: text,
        topic: text,
        qos: { type: 'string', default: '0' },
        retain: { type: 'boolean', default: false },
      },
    })
    if (!/^[012]$/.test(values.qos) || values.user === '' || (action !== 'connect' && values.topic === '')) return null
    const qos = Number(values.qos) as QoS
    return { action, clientId: values.client, userName: values.user, topic: values.topic, qos, retain: values.retain }
  } catch {
    return null
  }
}

async function readFirst(folder: string, places: readonly string[]): Promise<{ file: string; text: string } | null> {
  for (const place of places) {
    const file = join(folder, place)
    try {
      return { file, text: await readFile(file, 'utf8') }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return null
}
