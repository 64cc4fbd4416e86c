// SPDX-License-Identifier: Apache-2.0
import type { Packet } from '../../../src/codec/packet.ts'
import { PacketType } from '../../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../../src/codec/protocol-version.ts'
import type { ModelSession } from './model-session.ts'

/** HiveMQ's window for clients that ask for no smaller one. */
const MAX_INFLIGHT = 50

interface Answer {
  readonly packet: Packet
  readonly isPromise: boolean
}

/** A connection as the broker has to see it. */
export class ModelConnection {
  readonly clientId: string
  readonly version: ProtocolVersion
  /** How many messages above QoS 0 may be unacknowledged. */
  readonly limit: number
  session: ModelSession | null = null
  /** CONNACK has left. */
  isServed = false
  /** What CONNECT said; 0 cannot be raised any more. */
  expirySec: number
  /** The broker has ended it, or the network has. */
  isOver = false
  /** Reason code of the DISCONNECT that may come. */
  goodbye: number | null = null
  isGoodbyeSaid = false
  /** The client's next connection waits for the end of this one. */
  onOver: (() => void) | null = null
  /** Its output is not taken: what has left does not say what the broker has written. */
  isBlocked = false
  /** Answers that have to come, by kind, each kind in its order. */
  readonly #answers = new Map<PacketType, Answer[]>()

  constructor(clientId: string, version: ProtocolVersion, receiveMaximum: number, expirySec: number) {
    this.clientId = clientId
    this.version = version
    this.limit = Math.min(version === ProtocolVersion.V5 ? receiveMaximum : MAX_INFLIGHT, MAX_INFLIGHT)
    this.expirySec = expirySec
  }

  get isVersion5(): boolean {
    return this.version === ProtocolVersion.V5
  }

  /** CONNACK of 3.1 does not say whether there is a session. */
  get isBefore311(): boolean {
    return this.version === ProtocolVersion.V3_1
  }

  /** `isPromise`: it must not leave while the store is held. */
  expect(packet: Packet, isPromise: boolean): void {
    const expected = this.#answers.get(packet.type)
    if (expected === undefined) this.#answers.set(packet.type, [{ packet, isPromise }])
    else expected.push({ packet, isPromise })
  }

  /** Takes the answer that has to come next of its kind; undefined when none has to. */
  takeExpected(type: PacketType): Answer | undefined {
    return this.#answers.get(type)?.shift()
  }

  /** PUBREL for this identifier is next. */
  isReleaseExpected(packetId: number): boolean {
    const next = this.#answers.get(PacketType.PUBREL)?.[0]?.packet
    return next?.type === PacketType.PUBREL && next.packetId === packetId
  }

  /** An answer that has not come. */
  get missing(): Packet | undefined {
    return [...this.#answers.values()].find((expected) => expected.length > 0)?.[0]?.packet
  }
}
