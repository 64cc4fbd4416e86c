// SPDX-License-Identifier: Apache-2.0
import { type CloseReason, CloseReasons } from '../broker/close-reason.ts'
import type { AuthenticationVerdict } from '../broker/extension-hooks.ts'
import { PacketType } from '../codec/packet-type.ts'
import type { UserProperty } from '../codec/property.ts'
import type {
  AuthEvent,
  EnhancedAuthenticationDecision,
  EnhancedAuthenticator,
  SimpleAuthenticator,
} from '../extension-sdk/authenticator.ts'
import type { Awaitable } from '../extension-sdk/callback.ts'
import type { AuthPacket, ConnectPacket } from '../extension-sdk/packets.ts'
import type { TopicPermission } from '../extension-sdk/topic-permission.ts'
import { NoAnswer } from './ask.ts'
import { toChallenge, toClientSettings } from './authentication-answers.ts'
import { CallbackFault } from './callback-fault.ts'
import { CallbackEvent, type ClientFacts, resolvePerClient } from './client-event.ts'
import type { ClientExtensions } from './client-extensions.ts'
import { hasOutcome, toRefusal, toUserProperties } from './decisions.ts'
import { describeError } from './describe-error.ts'
import { toBoolean, toBytes } from './given-values.ts'
import { ConnectingEvent } from './lifecycle.ts'
import type { AuthenticatorRegistration } from './running-extension.ts'

/** The extension's authenticator takes no part for this client. */
const TAKES_NO_PART: unique symbol = Symbol('takes no part')

type Answer = EnhancedAuthenticationDecision | typeof TAKES_NO_PART

class AuthenticatingEvent extends CallbackEvent implements AuthEvent {
  readonly auth: AuthPacket
  readonly isReAuthentication: boolean

  constructor(facts: ClientFacts, auth: AuthPacket, isReAuthentication: boolean) {
    super(facts)
    this.auth = auth
    this.isReAuthentication = isReAuthentication
  }
}

/** What is asked now: about CONNECT, an AUTH that goes on with it, or one of a client that is connected. */
type Step = 'connect' | 'auth' | 'renewal' | 'renewal goes on'

/** The authenticators, one after the other, until one decides about a client; at each step of it anew. */
export class Authentication {
  readonly #client: ClientExtensions
  readonly #authenticators: readonly AuthenticatorRegistration[]
  /** Null when it is decided: it may be megabytes, and a connection can live for years. */
  #connect: ConnectPacket | null
  readonly #hasMethod: boolean
  /** What becomes of the password when it is decided. */
  isPasswordCleared = true
  /** Those that were looked up once for the connection. */
  readonly #enhanced = new Map<AuthenticatorRegistration, EnhancedAuthenticator | undefined>()
  #step: Step = 'connect'
  #auth: AuthPacket | null = null
  #onVerdict: (verdict: AuthenticationVerdict) => void = ignoreVerdict
  #next = 0
  /** Some authenticator took part. */
  #wasAsked = false
  /** What a re-authentication has given so far. */
  #newPermissions: TopicPermission[] = []

  constructor(client: ClientExtensions, connect: ConnectPacket, authenticators: readonly AuthenticatorRegistration[]) {
    this.#client = client
    // They may change while one of them thinks; who was there when the client came is asked.
    this.#authenticators = authenticators
    this.#connect = connect
    this.#hasMethod = connect.authenticationMethod !== undefined
  }

  connect(onVerdict: (verdict: AuthenticationVerdict) => void): void {
    this.#begin('connect', null, onVerdict)
  }

  continue(auth: AuthPacket, onVerdict: (verdict: AuthenticationVerdict) => void): void {
    this.#begin(this.#step === 'connect' || this.#step === 'auth' ? 'auth' : 'renewal goes on', auth, onVerdict)
  }

  renew(auth: AuthPacket, onVerdict: (verdict: AuthenticationVerdict) => void): void {
    this.#newPermissions = []
    this.#begin('renewal', auth, onVerdict)
  }

  #begin(step: Step, auth: AuthPacket | null, onVerdict: (verdict: AuthenticationVerdict) => void): void {
    this.#step = step
    this.#auth = auth
    this.#onVerdict = onVerdict
    this.#next = 0
    this.#askNext()
  }

  get #isRenewal(): boolean {
    return this.#step === 'renewal' || this.#step === 'renewal goes on'
  }

  #askNext(): void {
    const then = this.#authenticators[this.#next++]
    // Nobody decided: there is no "allowed unless refused".
    if (then === undefined) return this.#refuse(this.#undecidedReason)
    const registration = this.#now(then)
    if (registration === null) return this.#askNext()
    if (this.#step !== 'connect' && !registration.isEnhanced) return this.#askNext()
    const { facts } = this.#client
    const event =
      this.#auth === null
        ? new ConnectingEvent(facts, this.#connect!)
        : new AuthenticatingEvent(facts, this.#auth, this.#isRenewal)
    this.#client.ask<Answer>(
      registration,
      this.#callbackName(registration),
      event,
      () => this.#call(registration, event),
      (answer) => this.#onAnswer(registration, answer),
    )
  }

  /** An exchange goes on with whom it has begun; anything else is for the generation that runs. Null: it has none any more. */
  #now(then: AuthenticatorRegistration): AuthenticatorRegistration | null {
    const isUnderWay = (this.#step === 'auth' || this.#step === 'renewal goes on') && !then.extension.signal.aborted
    if (then.extension.successor === null || (isUnderWay && this.#enhanced.has(then))) return then
    const { authenticator } = then.extension.successor
    return authenticator === null ? null : this.#now(authenticator)
  }

  get #undecidedReason(): CloseReason {
    if (this.#isRenewal) return CloseReasons.REAUTHENTICATION_REFUSED
    // [MQTT-4.12.0-1]
    if (this.#hasMethod && this.#connect!.password === undefined) {
      return CloseReasons.AUTHENTICATION_METHOD_NOT_SUPPORTED
    }
    return this.#wasAsked ? CloseReasons.NOT_AUTHENTICATED : CloseReasons.NO_AUTHENTICATOR
  }

  get #goneReason(): CloseReason {
    return this.#isRenewal ? CloseReasons.REAUTHENTICATION_REFUSED : CloseReasons.NOT_AUTHENTICATED
  }

  #callbackName(registration: AuthenticatorRegistration): string {
    if (this.#step === 'connect') return 'onConnect'
    const hasOwn = this.#step === 'renewal' && this.#enhanced.get(registration)?.onReAuth !== undefined
    return hasOwn ? 'onReAuth' : 'onAuth'
  }

  #call(registration: AuthenticatorRegistration, event: ConnectingEvent | AuthenticatingEvent): Awaitable<Answer> {
    if (event instanceof ConnectingEvent) {
      const authenticator = this.#lookUp(registration, event)
      if (authenticator == null) return TAKES_NO_PART
      this.#wasAsked = true
      return authenticator.onConnect(event)
    }
    const isOfLaterGeneration = !this.#authenticators.includes(registration)
    if (isOfLaterGeneration && !this.#enhanced.has(registration)) this.#lookUp(registration, event)
    const authenticator = this.#enhanced.get(registration)
    if (authenticator === undefined) return TAKES_NO_PART
    const isBegun = this.#step === 'renewal' && authenticator.onReAuth !== undefined
    return isBegun ? authenticator.onReAuth!(event) : authenticator.onAuth(event)
  }

  #lookUp(
    registration: AuthenticatorRegistration,
    event: CallbackEvent,
  ): SimpleAuthenticator | EnhancedAuthenticator | undefined {
    if (!registration.isEnhanced) return resolvePerClient(registration.callback, event)
    const authenticator = resolvePerClient(registration.callback, event)
    this.#enhanced.set(registration, authenticator)
    return authenticator
  }

  #onAnswer(registration: AuthenticatorRegistration, answer: Answer | NoAnswer): void {
    switch (answer) {
      case NoAnswer.THREW:
        return this.#refuse(CloseReasons.AUTHENTICATOR_FAILED)
      case NoAnswer.TIMED_OUT:
        return registration.options.onTimeout === 'next'
          ? this.#askNext()
          : this.#refuse(CloseReasons.AUTHENTICATOR_TIMED_OUT)
      case NoAnswer.ABORTED:
        // It would have decided: that it stops must not let anybody in.
        return this.#refuse(this.#goneReason)
      case TAKES_NO_PART:
        return this.#askNext()
      default:
        return this.#onDecision(registration, answer)
    }
  }

  #onDecision(registration: AuthenticatorRegistration, answer: unknown): void {
    const { extension } = registration
    const callbackName = this.#callbackName(registration)
    const about = `${callbackName} for client ${this.#client.connection.clientId} returned`
    const outcomes = ['success', 'fail', 'next', ...(registration.isEnhanced ? (['continue'] as const) : [])] as const
    if (!hasOutcome<EnhancedAuthenticationDecision>(answer, outcomes)) {
      extension.fault(callbackName, CallbackFault.INVALID, `${about} no decision: the client is refused`)
      return this.#refuse(CloseReasons.AUTHENTICATOR_UNDECIDED)
    }
    let verdict: AuthenticationVerdict | null
    try {
      verdict = this.#toVerdict(answer)
    } catch (error) {
      extension.fault(callbackName, CallbackFault.INVALID, `${about} what cannot be: ${describeError(error)}`)
      return this.#refuse(CloseReasons.AUTHENTICATOR_FAILED)
    }
    if (verdict === null) return this.#askNext()
    // Its authorizer and initialiser have gone with it, and who was let in without them could do everything.
    const hasGone = extension.isRetired && extension.successor === null
    if (hasGone && 'authorizer' in verdict) return this.#refuse(this.#goneReason)
    this.#decide(verdict)
  }

  /** Null: the next one is asked. Throws a TypeError with what is wrong. */
  #toVerdict(decision: EnhancedAuthenticationDecision): AuthenticationVerdict | null {
    switch (decision.outcome) {
      case 'next':
        this.#addPermissions(decision.permissions)
        return null
      case 'fail': {
        const userProperties = toUserProperties(decision.userProperties)
        const refusal = this.#isRenewal
          ? toRefusal(PacketType.DISCONNECT, decision, CloseReasons.REAUTHENTICATION_REFUSED)
          : toRefusal(PacketType.CONNACK, decision, CloseReasons.NOT_AUTHENTICATED)
        return { refusal, userProperties }
      }
      case 'continue':
        this.#expectMethod('continue')
        return toChallenge(decision)
      case 'success': {
        const { defaultBehaviour, clientSettings, authenticationData, clearPassword = true } = decision
        this.isPasswordCleared = toBoolean('clearPassword', clearPassword)
        if (authenticationData !== undefined) this.#expectMethod('authenticationData')
        const answer = {
          ...toClientSettings(clientSettings),
          userProperties: toUserProperties(decision.userProperties),
          authenticationData:
            authenticationData === undefined ? undefined : toBytes('authenticationData', authenticationData),
        }
        this.#addPermissions(decision.permissions)
        const { permissions } = this.#client
        if (this.#newPermissions.length > 0) permissions.replace(this.#newPermissions)
        if (defaultBehaviour !== undefined) permissions.setDefaultBehaviour(defaultBehaviour)
        return { authorizer: this.#client.authorizer, ...answer }
      }
    }
  }

  /** Permissions are one list for all authenticators of a login; those of a renewal count when it is done. */
  #addPermissions(given: readonly TopicPermission[] = []): void {
    if (this.#isRenewal) this.#newPermissions.push(...given)
    else for (const permission of given) this.#client.permissions.add(permission)
  }

  #expectMethod(what: string): void {
    if (this.#hasMethod) return
    throw new TypeError(`${what}, although the client gave no Authentication Method`)
  }

  #refuse(refusal: CloseReason, userProperties: UserProperty[] = []): void {
    this.#decide({ refusal, userProperties })
  }

  #decide(verdict: AuthenticationVerdict): void {
    const onVerdict = this.#onVerdict
    this.#onVerdict = ignoreVerdict
    this.#auth = null
    if ('authorizer' in verdict) this.#connect = null
    onVerdict(verdict)
  }
}

function ignoreVerdict(): void {}
