// SPDX-License-Identifier: Apache-2.0
import type { Authorizer } from '../../../src/broker/authorizer.ts'
import { matches } from '../naive-match.ts'
import type { Denial } from './script.ts'

/** Everybody may do everything but what a script denies. */
export function denyingAuthorizer(denied: readonly Denial[]): Authorizer {
  const isDenied = (action: Denial['action'], name: string): boolean =>
    denied.some((denial) => denial.action === action && matches(denial.filter, name))
  return {
    mayPublish: (_client, topicName, _qos, retain) =>
      !isDenied('publish', topicName) && !(retain && isDenied('retain', topicName)),
    maySubscribe: (_client, { filter }) => !isDenied('subscribe', filter),
  }
}
