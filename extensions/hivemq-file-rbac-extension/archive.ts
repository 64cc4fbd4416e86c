// SPDX-License-Identifier: Apache-2.0
import type { Credentials, Permission, User } from './credentials.ts'

/** `20240131-14-05-09-credentials.xml`, local time. HiveMQ counts hours to twelve, so that two archives of a day can collide. */
export function archiveName(date: Date): string {
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`
  return `${day}-${two(date.getHours())}-${two(date.getMinutes())}-${two(date.getSeconds())}-credentials.xml`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** A file that reads as the same credentials; what was left out stands there with its default. */
export function toXml({ users, roles }: Credentials): string {
  return `${[
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>',
    '<file-rbac>',
    '  <users>',
    ...[...users.values()].flatMap(userToXml),
    '  </users>',
    '  <roles>',
    ...[...roles.values()].flatMap(({ id, permissions }) => [
      '    <role>',
      `      <id>${escape(id)}</id>`,
      '      <permissions>',
      ...permissions.flatMap(permissionToXml),
      '      </permissions>',
      '    </role>',
    ]),
    '  </roles>',
    '</file-rbac>',
  ].join('\n')}\n`
}

function userToXml({ name, passwordText, roles }: User): string[] {
  return [
    '    <user>',
    `      <name>${escape(name)}</name>`,
    `      <password>${escape(passwordText)}</password>`,
    '      <roles>',
    ...roles.map((id) => `        <id>${escape(id)}</id>`),
    '      </roles>',
    '    </user>',
  ]
}

function permissionToXml(permission: Permission): string[] {
  return [
    '        <permission>',
    `          <topic>${escape(permission.topic)}</topic>`,
    `          <activity>${permission.activity}</activity>`,
    `          <qos>${permission.qos}</qos>`,
    `          <retain>${permission.retain}</retain>`,
    `          <shared-subscription>${permission.sharedSubscription}</shared-subscription>`,
    `          <shared-group>${escape(permission.sharedGroup)}</shared-group>`,
    '        </permission>',
  ]
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' }

function escape(text: string): string {
  return text.replaceAll(/[&<>\r]/g, (character) => ENTITIES[character]!)
}
