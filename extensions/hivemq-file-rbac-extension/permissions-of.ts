// SPDX-License-Identifier: Apache-2.0
import type { TopicPermission } from 'waggle/extension'
import { type Credentials, type Permission, toTopicPermission, type User } from './credentials.ts'
import { substitute } from './substitution.ts'

/** Those without names in them. The broker keeps one rule for all clients of what cannot change. */
const shared = new WeakMap<Permission, TopicPermission>()

/** What a user may do as one client: the permissions of all its roles, with its names in their topics. */
export function permissionsOf(
  user: User,
  { roles }: Credentials,
  clientId: string,
  plusCoversHash: boolean,
): TopicPermission[] {
  return user.roles
    .flatMap((role) => roles.get(role)!.permissions)
    .map((permission) => {
      const topicFilter = substitute(permission.topic, clientId, user.name)
      if (topicFilter !== permission.topic) return toTopicPermission(permission, topicFilter, plusCoversHash)
      const known = shared.get(permission)
      if (known?.plusCoversHash === plusCoversHash) return known
      const made = Object.freeze(toTopicPermission(permission, topicFilter, plusCoversHash))
      shared.set(permission, made)
      return made
    })
}
