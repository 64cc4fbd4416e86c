// SPDX-License-Identifier: Apache-2.0
import type {
  Admission,
  AuthenticationRefusal,
  ClientHooks,
  PublishVerdict,
  SubscribeVerdict,
} from '../broker/extension-hooks.ts'
import type { Connection } from '../broker/connection.ts'
import { Permissions } from '../broker/permissions.ts'
import type { Connect, Will } from '../codec/connect.ts'
import type { Publish } from '../codec/publish.ts'
import type { Subscribe } from '../codec/subscribe.ts'
import type { Authorizer } from '../extension-sdk/authorizer.ts'
import type { Awaitable } from '../extension-sdk/callback.ts'
import { ask, type NoAnswer, type PendingCall } from './ask.ts'
import { Authentication } from './authentication.ts'
import { authorizePublish, authorizeSubscribe } from './authorization.ts'
import { type CallbackEvent, ClientFacts } from './client-event.ts'
import type { ExtensionHost } from './extension-host.ts'
import { toPublishPacket, toWillPacket } from './packet-views.ts'
import type { Registration } from './running-extension.ts'

/** An authorizer for this client. */
export interface ClientAuthorizer {
  readonly registration: Registration<Authorizer>
  readonly authorizer: Authorizer
}

/** One connection and the extensions: who is asked about it, and whose answer it waits for. */
export class ClientExtensions implements ClientHooks {
  readonly connection: Connection
  readonly permissions: Permissions = new Permissions()
  readonly #host: ExtensionHost
  #facts: ClientFacts | null = null
  #authorizers: readonly ClientAuthorizer[] = []
  examinesPublish = false
  examinesSubscribe = false
  /** Callbacks of one client never overlap. */
  #pending: PendingCall | null = null

  constructor(host: ExtensionHost, connection: Connection) {
    this.#host = host
    this.connection = connection
  }

  get facts(): ClientFacts {
    return (this.#facts ??= new ClientFacts(this.connection))
  }

  authenticate(connect: Connect, answer: (verdict: Admission | AuthenticationRefusal) => void): void {
    new Authentication(this, connect, this.#host.authenticators, (verdict) => {
      if (!('refusal' in verdict)) this.#chooseAuthorizers()
      // Nobody needs it any more, and what is not there cannot be read from memory.
      connect.password?.fill(0)
      answer(verdict)
    }).begin()
  }

  authorizeWill(will: Will, answer: (verdict: PublishVerdict) => void): void {
    authorizePublish(this, this.#authorizers, toWillPacket(will), true, answer)
  }

  authorizePublish(publish: Publish, answer: (verdict: PublishVerdict) => void): void {
    authorizePublish(this, this.#authorizers, toPublishPacket(publish), false, answer)
  }

  authorizeSubscribe(subscribe: Subscribe, answer: (verdict: SubscribeVerdict) => void): void {
    authorizeSubscribe(this, this.#authorizers, subscribe, answer)
  }

  ended(): void {
    this.#pending?.abort('The client is gone')
    this.#pending = null
  }

  /** Asks one extension. */
  ask<T>(
    registration: Registration<object>,
    callbackName: string,
    event: CallbackEvent,
    callback: () => Awaitable<T>,
    onAnswer: (answer: T | NoAnswer) => void,
  ): void {
    const pending = ask(this.#host.wheel, registration, callbackName, event, callback, (answer) => {
      this.#pending = null
      onAnswer(answer)
    })
    // What answered at once may have led to the next question, which is pending now.
    if (pending !== null) this.#pending = pending
  }

  /** Each extension says once for each connection whether its authorizer takes part. */
  #chooseAuthorizers(): void {
    this.#authorizers = this.#host.authorizersFor(this.facts)
    this.examinesPublish = this.#authorizers.some(({ authorizer }) => authorizer.authorizePublish !== undefined)
    this.examinesSubscribe = this.#authorizers.some(({ authorizer }) => authorizer.authorizeSubscribe !== undefined)
  }
}
