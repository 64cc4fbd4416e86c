// SPDX-License-Identifier: Apache-2.0
import type { AuthenticationChallenge } from '../broker/extension-hooks.ts'
import type { AuthenticationContinuation } from '../extension-sdk/authenticator.ts'
import { isSendable, toUserProperties } from './decisions.ts'
import { expectValue, toBytes, toInteger } from './given-values.ts'

/** HiveMQ's time for a client to answer AUTH. */
const ANSWER_SEC = 30
const MAX_ANSWER_SEC = 3600

/** Throws a TypeError with what is wrong. */
export function toChallenge(given: AuthenticationContinuation): AuthenticationChallenge {
  const { authenticationData, reasonString, timeoutSeconds = ANSWER_SEC } = given
  const userProperties = toUserProperties(given.userProperties)
  const isText = reasonString === undefined || isSendable(reasonString)
  expectValue(isText, 'reasonString', reasonString, 'at most 1024 characters, without U+0000')
  return {
    timeoutSec: toInteger('timeoutSeconds', timeoutSeconds, 1, MAX_ANSWER_SEC),
    challenge: {
      ...(authenticationData !== undefined && {
        authenticationData: toBytes('authenticationData', authenticationData),
      }),
      ...(reasonString !== undefined && { reasonString }),
      ...(userProperties.length > 0 && { userProperties }),
    },
  }
}

export function toReceiveMaximum(given: unknown): number {
  return given === undefined ? Number.POSITIVE_INFINITY : toInteger('receiveMaximum', given, 1, 65_535)
}
