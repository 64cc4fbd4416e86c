// SPDX-License-Identifier: Apache-2.0
import { substitute } from '../../extensions/hivemq-file-rbac-extension/substitution.ts'
import { Permissions } from '../../src/broker/permissions.ts'
import { type NamedTiming, timeOperation } from './measure.ts'

// What a PUBLISH costs more where file-RBAC is on: a client with 20 roles of 10 permissions each, names put into half of them.

const ROLES = 20
const PERMISSIONS_PER_ROLE = 10
/** As many as a gateway has. */
const TOPICS = 100
const KNOWN_TARGET_NANOS = 100
/** No name comes twice. */
let batch = 0
const CLIENT = { clientId: 'line-4-gateway', userName: 'gateway' }

export function permissionTimings(): NamedTiming[] {
  const permissions = permissionsOf(ROLES * PERMISSIONS_PER_ROLE)
  const known = topics('known', TOPICS)
  return [
    {
      name: 'decide about a PUBLISH again (200 permissions)',
      timing: timeOperation((count) => decide(permissions, known, count)),
      targetNanos: KNOWN_TARGET_NANOS,
    },
    {
      name: 'decide about a PUBLISH for the first time',
      timing: timeOperation((count) => decide(permissions, topics(`new-${batch++}`, count), count)),
    },
  ]
}

/** Each topic is covered by one of the last. */
function permissionsOf(count: number): Permissions {
  const permissions = new Permissions()
  for (let i = 0; i < count; i++) {
    const topic = i % 2 === 0 ? `umh/v1/site-${i}/\${{clientid}}/+/_historian/#` : `umh/v1/site-${i}/+/machine-${i}/#`
    permissions.add({ topicFilter: substitute(topic, CLIENT.clientId, CLIENT.userName) })
  }
  return permissions
}

function topics(name: string, count: number): string[] {
  return Array.from({ length: count }, (_none, i) => `umh/v1/site-190/${CLIENT.clientId}/${name}/_historian/tag-${i}`)
}

function decide(permissions: Permissions, names: readonly string[], count: number): number {
  let allowed = 0
  for (let i = 0; i < count; i++) if (permissions.mayPublish(CLIENT, names[i % names.length]!, 1, false)) allowed++
  return allowed
}
