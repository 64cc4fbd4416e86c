// SPDX-License-Identifier: Apache-2.0
import type { TopicPermission } from 'waggle/extension'
import type { StoredPassword } from './stored-password.ts'

/** What credentials.xml says. */
export interface Credentials {
  readonly users: ReadonlyMap<string, User>
  readonly roles: ReadonlyMap<string, Role>
}

export interface User {
  readonly name: string
  readonly password: StoredPassword
  /** The same as it stands in the file. */
  readonly passwordText: string
  /** Their ids. */
  readonly roles: readonly string[]
}

export interface Role {
  readonly id: string
  readonly permissions: readonly Permission[]
}

export const ACTIVITIES = ['PUBLISH', 'SUBSCRIBE', 'ALL'] as const
export const QOS = ['ZERO', 'ONE', 'TWO', 'ZERO_ONE', 'ONE_TWO', 'ZERO_TWO', 'ALL'] as const
export const RETAIN = ['RETAINED', 'NOT_RETAINED', 'ALL'] as const
export const SHARED_SUBSCRIPTION = ['SHARED', 'NOT_SHARED', 'ALL'] as const

/** In HiveMQ's words. */
export interface Permission {
  /** With `${{clientid}}` and `${{username}}` as they stand in the file. */
  readonly topic: string
  readonly activity: (typeof ACTIVITIES)[number]
  readonly qos: (typeof QOS)[number]
  readonly retain: (typeof RETAIN)[number]
  readonly sharedSubscription: (typeof SHARED_SUBSCRIPTION)[number]
  readonly sharedGroup: string
  /** Of its topic. */
  readonly line: number
}

const TO_ACTIVITY = { PUBLISH: 'publish', SUBSCRIBE: 'subscribe', ALL: 'all' } as const
const TO_QOS = {
  ZERO: Object.freeze([0] as const),
  ONE: Object.freeze([1] as const),
  TWO: Object.freeze([2] as const),
  ZERO_ONE: Object.freeze([0, 1] as const),
  ONE_TWO: Object.freeze([1, 2] as const),
  ZERO_TWO: Object.freeze([0, 2] as const),
  ALL: Object.freeze([0, 1, 2] as const),
} as const
const TO_RETAIN = { RETAINED: 'retained', NOT_RETAINED: 'not-retained', ALL: 'all' } as const
const TO_SHARED_SUBSCRIPTION = { SHARED: 'shared', NOT_SHARED: 'not-shared', ALL: 'all' } as const

/** The permission as the broker takes it, for one client. */
export function toTopicPermission(
  permission: Permission,
  topicFilter: string,
  plusCoversHash: boolean,
): TopicPermission {
  return {
    topicFilter,
    activity: TO_ACTIVITY[permission.activity],
    qos: TO_QOS[permission.qos],
    retain: TO_RETAIN[permission.retain],
    sharedSubscription: TO_SHARED_SUBSCRIPTION[permission.sharedSubscription],
    sharedGroup: permission.sharedGroup,
    plusCoversHash,
  }
}
