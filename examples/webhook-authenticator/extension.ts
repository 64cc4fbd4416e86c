// SPDX-License-Identifier: Apache-2.0
import {
  type AuthenticationDecision,
  type ConnectEvent,
  defineExtension,
  type Extension,
  ReasonCode,
} from 'waggle/extension'

interface Answer {
  readonly isAllowed: boolean
  /** Topic filters below which the client may publish and subscribe. */
  readonly topics?: readonly string[]
}

/** Asks a web service about each client: POST with its names and password, answered with `isAllowed` and `topics`. */
const extension: Extension = defineExtension({
  start({ services, log }) {
    const url = process.env['WEBHOOK_URL']
    if (url === undefined) throw new Error('WEBHOOK_URL is not set')
    // Who asks too long is refused: after three seconds, which is this extension's choice.
    services.security.setAuthenticator({ onConnect: (event) => ask(url, event) }, { timeoutMs: 3_000 })
    log.info(`asks ${new URL(url).host} about each client`)
  },
})

export default extension

async function ask(url: string, { connect, signal }: ConnectEvent): Promise<AuthenticationDecision> {
  const { clientId, userName, password } = connect
  const body = JSON.stringify({
    clientId,
    userName,
    password: password === undefined ? undefined : Buffer.from(password).toString(),
  })
  const response = await fetch(url, { method: 'POST', body, signal, headers: { 'content-type': 'application/json' } })
  if (!response.ok) return { outcome: 'fail', reasonCode: ReasonCode.SERVER_UNAVAILABLE, reasonString: 'ask later' }
  const { isAllowed, topics = [] } = (await response.json()) as Answer
  if (!isAllowed) return { outcome: 'fail', reasonCode: ReasonCode.NOT_AUTHORIZED, reasonString: 'not known' }
  return {
    outcome: 'success',
    defaultBehaviour: 'deny',
    permissions: topics.map((topicFilter) => ({ topicFilter })),
  }
}
