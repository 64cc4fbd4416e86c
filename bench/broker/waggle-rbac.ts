// SPDX-License-Identifier: Apache-2.0
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeExtension } from '../../test/support/extension-folders.ts'
import { credentialsXml, hashOf, type RbacUser } from '../../test/support/file-rbac.ts'
import { passwordOf, stormClientId, TRAFFIC_CLIENTS, trafficClientId } from '../load/login.ts'
import type { BrokerKind } from './broker-kind.ts'
import { waggle } from './waggle.ts'

/** As HiveMQ's tool has them. */
const ITERATIONS = 100
const ROLES = 20
const PERMISSIONS_PER_ROLE = 10

/** Waggle with file-RBAC in place of allow-all: each client is a user with 20 roles, which have 200 permissions together. */
export const waggleRbac: BrokerKind = {
  ...waggle,
  name: 'waggle-rbac',
  prepare(port, folder, options) {
    const { env, ...command } = waggle.prepare(port, folder, options)
    const extensions = join(folder, 'extensions')
    rmSync(join(extensions, 'hivemq-allow-all-extension'), { recursive: true })
    writeExtension(extensions, 'hivemq-file-rbac-extension', {
      'extension-config.xml': '<extension-configuration/>',
      'credentials.xml': credentialsFor(options.stormClients),
    })
    return { ...command, env: { ...env, HIVEMQ_ALLOW_ALL_CLIENTS: 'false' } }
  },
}

/** The same for all rounds: their hashes take a second. */
const known = new Map<number, string>()

function credentialsFor(stormClients: number): string {
  const text = known.get(stormClients) ?? makeCredentials(stormClients)
  known.set(stormClients, text)
  return text
}

function makeCredentials(stormClients: number): string {
  const roles = Array.from({ length: ROLES }, (_none, role) => `role-${role}`)
  const clientIds = [
    ...Array.from({ length: TRAFFIC_CLIENTS }, (_none, i) => [
      trafficClientId('publisher', i),
      trafficClientId('subscriber', i),
    ]).flat(),
    ...Array.from({ length: stormClients }, (_none, i) => stormClientId(i)),
  ]
  const users = clientIds.map((name): RbacUser => ({ name, password: hashOf(passwordOf(name), ITERATIONS), roles }))
  return credentialsXml(users, Object.fromEntries(roles.map((role, i) => [role, permissionsOf(i)])))
}

/** Only the last of all 200 allows what clients do here: no decision is found early. */
function permissionsOf(role: number): string[] {
  return Array.from({ length: PERMISSIONS_PER_ROLE }, (_none, i) => {
    if (role === ROLES - 1 && i === PERMISSIONS_PER_ROLE - 1) return '<topic>bench/#</topic>'
    const site = `umh/v1/site-${role}-${i}`
    return `<topic>${site}/${i % 2 === 0 ? '${{clientid}}' : '+'}/+/_historian/#</topic>`
  })
}
