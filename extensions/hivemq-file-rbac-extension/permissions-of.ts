// SPDX-License-Identifier: Apache-2.0
import type { TopicPermission } from 'waggle/extension'
import { type Credentials, toTopicPermission, type User } from './credentials.ts'
import { substitute } from './substitution.ts'

/** What a user may do as one client: the permissions of all its roles, with its names in their topics. */
export function permissionsOf(
  user: User,
  { roles }: Credentials,
  clientId: string,
  plusCoversHash: boolean,
): TopicPermission[] {
  return user.roles
    .flatMap((role) => roles.get(role)!.permissions)
    .map((permission) =>
      toTopicPermission(permission, substitute(permission.topic, clientId, user.name), plusCoversHash),
    )
}
