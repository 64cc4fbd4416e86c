// SPDX-License-Identifier: Apache-2.0
import { pbkdf2Sync } from 'node:crypto'

export interface RbacUser {
  readonly name: string
  readonly password: string
  readonly roles: readonly string[]
}

/** A password as HiveMQ's tool stores it. */
export function hashOf(password: string, iterations = 100): string {
  const salt = Buffer.from(`salt of ${password}`)
  const hash = pbkdf2Sync(password, salt, iterations, 64, 'sha512')
  return `${salt.toString('base64')}:${iterations}:${hash.toString('base64')}`
}

/** A credentials.xml. Roles map to the content of their permissions. */
export function credentialsXml(users: readonly RbacUser[], roles: Readonly<Record<string, readonly string[]>>): string {
  const userXml = users.map(
    ({ name, password, roles: ids }) =>
      `<user><name>${name}</name><password>${password}</password><roles>${ids.map((id) => `<id>${id}</id>`).join('')}</roles></user>`,
  )
  const roleXml = Object.entries(roles).map(
    ([id, permissions]) =>
      `<role><id>${id}</id><permissions>${permissions.map((content) => `<permission>${content}</permission>`).join('')}</permissions></role>`,
  )
  return `<?xml version="1.0"?>\n<file-rbac><users>${userXml.join('\n')}</users>\n<roles>${roleXml.join('\n')}</roles></file-rbac>`
}
