// SPDX-License-Identifier: Apache-2.0
import { type CloseReason, CloseReasons } from '../broker/close-reason.ts'
import type { Admission, AuthenticationRefusal } from '../broker/extension-hooks.ts'
import { PacketType } from '../codec/packet-type.ts'
import type { UserProperty } from '../codec/property.ts'
import type {
  AuthenticationDecision,
  AuthenticationSuccess,
  SimpleAuthenticator,
} from '../extension-sdk/authenticator.ts'
import type { ConnectPacket } from '../extension-sdk/packets.ts'
import { NoAnswer } from './ask.ts'
import { resolvePerClient } from './client-event.ts'
import type { ClientExtensions } from './client-extensions.ts'
import { hasOutcome, toRefusal, toUserProperties } from './decisions.ts'
import { describeError } from './describe-error.ts'
import { ConnectingEvent } from './lifecycle.ts'
import type { Registration } from './running-extension.ts'

/** The extension's authenticator takes no part for this client. */
const TAKES_NO_PART = 'takes no part'

/** The authenticators, one after the other, until one decides about a CONNECT. */
export class Authentication {
  readonly #client: ClientExtensions
  readonly #authenticators: readonly Registration<SimpleAuthenticator>[]
  readonly #connect: ConnectPacket
  readonly #onVerdict: (verdict: Admission | AuthenticationRefusal) => void
  #next = 0
  /** Some authenticator took part. */
  #wasAsked = false

  constructor(
    client: ClientExtensions,
    connect: ConnectPacket,
    authenticators: readonly Registration<SimpleAuthenticator>[],
    onVerdict: (verdict: Admission | AuthenticationRefusal) => void,
  ) {
    this.#client = client
    // They may change while one of them thinks; who was there when the client came is asked.
    this.#authenticators = authenticators
    this.#connect = connect
    this.#onVerdict = onVerdict
  }

  begin(): void {
    this.#askNext()
  }

  #askNext(): void {
    const registration = this.#authenticators[this.#next++]
    // Nobody decided: there is no "allowed unless refused".
    if (registration === undefined) {
      return this.#refuse(this.#wasAsked ? CloseReasons.NOT_AUTHENTICATED : CloseReasons.NO_AUTHENTICATOR)
    }
    const event = new ConnectingEvent(this.#client.facts, this.#connect)
    this.#client.ask<AuthenticationDecision | typeof TAKES_NO_PART>(
      registration,
      'onConnect',
      event,
      () => {
        const authenticator = resolvePerClient(registration.callback, event)
        if (authenticator == null) return TAKES_NO_PART
        this.#wasAsked = true
        return authenticator.onConnect(event)
      },
      (answer) => this.#onAnswer(registration, answer),
    )
  }

  #onAnswer(
    registration: Registration<SimpleAuthenticator>,
    answer: AuthenticationDecision | typeof TAKES_NO_PART | NoAnswer,
  ): void {
    switch (answer) {
      case NoAnswer.THREW:
        return this.#refuse(CloseReasons.AUTHENTICATOR_FAILED)
      case NoAnswer.TIMED_OUT:
        return registration.options.onTimeout === 'next'
          ? this.#askNext()
          : this.#refuse(CloseReasons.AUTHENTICATOR_TIMED_OUT)
      case NoAnswer.ABORTED:
        // It would have decided: that it stops must not let anybody in.
        return this.#refuse(CloseReasons.NOT_AUTHENTICATED)
      case TAKES_NO_PART:
        return this.#askNext()
      default:
        return this.#onDecision(registration, answer)
    }
  }

  #onDecision(registration: Registration<SimpleAuthenticator>, answer: unknown): void {
    if (!hasOutcome<AuthenticationDecision>(answer, ['success', 'fail', 'next'])) {
      const { log } = registration.extension
      log.warn(`onConnect for client ${this.#connect.clientId} returned no decision: the client is refused`)
      return this.#refuse(CloseReasons.AUTHENTICATOR_UNDECIDED)
    }
    try {
      const userProperties = answer.outcome === 'next' ? [] : toUserProperties(answer.userProperties)
      if (answer.outcome === 'fail') {
        return this.#refuse(toRefusal(PacketType.CONNACK, answer, CloseReasons.NOT_AUTHENTICATED), userProperties)
      }
      // Permissions are one list for all authenticators of a login.
      for (const permission of answer.permissions ?? []) this.#client.permissions.add(permission)
      if (answer.outcome === 'success') return this.#admit(answer, userProperties)
    } catch (error) {
      registration.extension.log.warn(
        `onConnect for client ${this.#connect.clientId} returned what cannot be: ${describeError(error)}`,
      )
      return this.#refuse(CloseReasons.AUTHENTICATOR_FAILED)
    }
    this.#askNext()
  }

  /** Throws a TypeError with what is wrong. */
  #admit({ defaultBehaviour, clientSettings }: AuthenticationSuccess, userProperties: UserProperty[]): void {
    const { permissions } = this.#client
    if (defaultBehaviour !== undefined) permissions.setDefaultBehaviour(defaultBehaviour)
    this.#onVerdict({
      authorizer: this.#client.authorizer,
      receiveMaximum: toReceiveMaximum(clientSettings?.receiveMaximum),
      userProperties,
    })
  }

  #refuse(refusal: CloseReason, userProperties: UserProperty[] = []): void {
    this.#onVerdict({ refusal, userProperties })
  }
}

function toReceiveMaximum(given: number | undefined): number {
  if (given === undefined) return Number.POSITIVE_INFINITY
  if (Number.isInteger(given) && given >= 1 && given <= 65_535) return given
  throw new TypeError(`receiveMaximum: found ${given}, expected 1 to 65535`)
}
