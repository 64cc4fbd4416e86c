// SPDX-License-Identifier: Apache-2.0
import { type Auth, decodeAuth } from '../codec/auth.ts'
import { decodeDisconnect } from '../codec/disconnect.ts'
import { Fault } from '../codec/fault.ts'
import { PacketType } from '../codec/packet-type.ts'
import type { Properties } from '../codec/property.ts'
import { ReasonCode } from '../codec/reason-code.ts'
import { Timer } from '../util/timer-wheel.ts'
import { askAlong } from './await-answer.ts'
import { CloseReasons } from './close-reason.ts'
import type { Connection } from './connection.ts'
import type {
  Admission,
  AuthenticationChallenge,
  AuthenticationRefusal,
  AuthenticationVerdict,
} from './extension-hooks.ts'

type Outcome = Admission | AuthenticationRefusal
type Ask = (answer: (verdict: AuthenticationVerdict) => void) => void

/**
 * AUTH to and fro until extensions have decided: at CONNECT, or when a client that is connected authenticates anew. While they
 * think the client's packets are not held: one that connects must send none, one that is connected goes on under what it may
 * already do (spec 5.0, 4.12.1).
 */
export class AuthExchange {
  readonly #connection: Connection
  readonly #onOutcome: (outcome: Outcome) => Fault | null
  readonly #timer = new Timer(() => this.#connection.act(() => this.#refuse(CloseReasons.AUTH_NOT_ANSWERED)))
  /** AUTH was sent, and the client's is awaited. */
  #isClientsTurn = false

  constructor(connection: Connection, onOutcome: (outcome: Outcome) => Fault | null) {
    this.#connection = connection
    this.#onOutcome = onOutcome
  }

  begin(ask: Ask): Fault | null {
    this.#connection.authExchange = this
    return this.#ask(ask)
  }

  /** The client's next AUTH, of the same method. */
  continue(packet: Auth): Fault | null {
    if (!this.#isClientsTurn || packet.reasonCode !== ReasonCode.CONTINUE_AUTHENTICATION) {
      return this.#refuse(CloseReasons.AUTH_UNEXPECTED) // [MQTT-4.12.0-3]
    }
    this.#stopWaiting()
    return this.#ask((answer) => this.#connection.extensions!.continueAuthentication(packet, answer))
  }

  /**
   * A packet of a client that connects with an Authentication Method and has no CONNACK yet: it must be AUTH or DISCONNECT
   * [MQTT-3.1.2-30].
   */
  onPacket(firstByte: number, buffer: Buffer, start: number, end: number): Fault | null {
    const connection = this.#connection
    const { metrics, limits } = connection.broker
    const type = firstByte >> 4
    if (type === PacketType.DISCONNECT) {
      const packet = decodeDisconnect(firstByte & 0x0f, buffer, start, end, connection.version, limits)
      if (packet instanceof Fault) return this.#refuse(packet)
      metrics.packetsReceived[type]!++
      connection.closeQuietly(CloseReasons.CLIENT_DISCONNECTED, packet)
      return null
    }
    if (type !== PacketType.AUTH) return this.#refuse(CloseReasons.AUTHENTICATION_IN_PROGRESS)
    const packet = decodeAuth(firstByte & 0x0f, buffer, start, end, limits)
    if (packet instanceof Fault) return this.#refuse(packet)
    metrics.packetsReceived[type]!++
    if (packet.properties.authenticationMethod !== connection.authenticationMethod) {
      return this.#refuse(CloseReasons.AUTHENTICATION_METHOD_NOT_KEPT)
    }
    return this.continue(packet)
  }

  /** The connection has ended. */
  end(): void {
    this.#stopWaiting()
  }

  #ask(ask: Ask): Fault | null {
    return askAlong(this.#connection, ask, (verdict: AuthenticationVerdict) =>
      'challenge' in verdict ? this.#challenge(verdict) : this.#settle(verdict),
    )
  }

  /** [MQTT-4.12.0-2] */
  #challenge({ challenge, timeoutSec }: AuthenticationChallenge): Fault | null {
    const { broker } = this.#connection
    if (!sendAuth(this.#connection, ReasonCode.CONTINUE_AUTHENTICATION, challenge)) {
      return this.#refuse(CloseReasons.ANSWER_TOO_LARGE)
    }
    this.#isClientsTurn = true
    broker.wheel.schedule(this.#timer, timeoutSec * 1000)
    return null
  }

  /** At any step [MQTT-4.12.0-4]. */
  #refuse(refusal: Fault): Fault | null {
    return this.#settle({ refusal, userProperties: [] })
  }

  #settle(outcome: Outcome): Fault | null {
    this.#stopWaiting()
    this.#connection.authExchange = null
    return this.#onOutcome(outcome)
  }

  #stopWaiting(): void {
    this.#isClientsTurn = false
    this.#connection.broker.wheel.cancel(this.#timer)
  }
}

/**
 * Sends AUTH with the method of CONNECT [MQTT-4.12.0-5]; reason string and user properties only where the client has room for
 * them [MQTT-3.15.2-2] [MQTT-3.15.2-3]. False when it takes not even what is left.
 */
export function sendAuth(connection: Connection, reasonCode: Auth['reasonCode'], properties: Properties): boolean {
  const { authenticationMethod } = connection
  const { reasonString, userProperties, ...rest } = properties
  const packet = { type: PacketType.AUTH, reasonCode } as const
  const method = { authenticationMethod: authenticationMethod! }
  const hasWords = reasonString !== undefined || (userProperties !== undefined && userProperties.length > 0)
  if (hasWords && connection.send({ ...packet, properties: { ...properties, ...method } }, true)) return true
  return connection.send({ ...packet, properties: { ...rest, ...method } })
}
