// SPDX-License-Identifier: Apache-2.0
import { disconnectClient, type Dismissal, invalidateSession } from '../broker/administration.ts'
import type { ClientService, DisconnectOptions, SessionInformation } from '../extension-sdk/client-service.ts'
import { NoSuchClientError } from '../extension-sdk/errors.ts'
import type { Session } from '../session/session.ts'
import type { BrokerAccess } from './broker-access.ts'
import { isSendable } from './decisions.ts'
import { isServersCode } from './disconnect-kinds.ts'
import { expectValue, toBoolean } from './given-values.ts'
import { paced } from './turns.ts'

export function clientServiceOf(access: BrokerAccess): ClientService {
  return {
    isConnected: (clientId) => access.read(({ sessions }) => sessions.get(clientId)?.isOnline ?? false),
    getSession: (clientId) =>
      access.read(({ sessions }) => {
        const session = sessions.get(clientId)
        return session === undefined ? undefined : toInformation(session)
      }),
    disconnect: (clientId, options = {}) =>
      access.change((broker) => {
        const dismissal = toDismissal(options)
        const session = broker.sessions.get(clientId)
        return session !== undefined && disconnectClient(broker, session, dismissal)
      }),
    invalidateSession: (clientId) =>
      access.change((broker) => {
        const session = broker.sessions.get(clientId)
        if (session === undefined) throw new NoSuchClientError(clientId)
        return invalidateSession(broker, session)
      }),
    iterate: ({ signal } = {}) => iterate(access, signal),
  }
}

async function* iterate(access: BrokerAccess, signal: AbortSignal | undefined): AsyncGenerator<SessionInformation> {
  const sessions = await access.read((broker) => broker.sessions.all())
  for await (const session of paced(sessions, signal)) yield toInformation(session)
}

function toInformation({ clientId, expiryIntervalSec, isOnline }: Session): SessionInformation {
  return { clientId, sessionExpiryInterval: expiryIntervalSec, isConnected: isOnline }
}

function toDismissal({ reasonCode, reasonString, preventWill }: DisconnectOptions): Dismissal {
  const isCode = reasonCode === undefined || isServersCode(reasonCode)
  expectValue(isCode, 'reasonCode', reasonCode, 'a code that a server may send in DISCONNECT')
  const isText = reasonString === undefined || isSendable(reasonString)
  expectValue(isText, 'reasonString', reasonString, 'at most 1024 characters, without U+0000')
  return { reasonCode, text: reasonString, isWillDropped: toBoolean('preventWill', preventWill ?? false) }
}
