// SPDX-License-Identifier: Apache-2.0
import type { Admission, AuthenticationChallenge } from '../broker/extension-hooks.ts'
import type { AuthenticationContinuation, ClientSettings } from '../extension-sdk/authenticator.ts'
import { isSendable, toUserProperties } from './decisions.ts'
import { expectValue, toBytes, toInteger } from './given-values.ts'

/** HiveMQ's time for a client to answer AUTH. */
const ANSWER_SEC = 30
const MAX_ANSWER_SEC = 3600
const MAX_RECEIVE_MAXIMUM = 65_535

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

/** Throws a TypeError with what is wrong. */
export function toClientSettings(given: ClientSettings = {}): Pick<Admission, 'receiveMaximum' | 'queueLimit'> {
  expectValue(typeof given === 'object' && given !== null, 'clientSettings', given, 'an object')
  const { receiveMaximum, queueSizeMaximum } = given
  return {
    receiveMaximum:
      receiveMaximum === undefined
        ? Number.POSITIVE_INFINITY
        : toInteger('receiveMaximum', receiveMaximum, 1, MAX_RECEIVE_MAXIMUM),
    queueLimit:
      queueSizeMaximum === undefined
        ? undefined
        : toInteger('queueSizeMaximum', queueSizeMaximum, 1, Number.MAX_SAFE_INTEGER),
  }
}
