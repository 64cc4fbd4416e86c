// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { type AckType, PacketType, type QoS } from '../../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../../src/codec/protocol-version.ts'

// What happens in a world of clients and a broker. A step that makes no sense when its turn comes (to subscribe without a
// connection) is passed over: so any part of a failing list of steps is a list of steps, and shrinking finds the short one.

export const CLIENT_IDS = ['a', 'b', 'c'] as const
export const TOPICS = ['t/1', 't/2', 'u'] as const
/** Each has subscribers of one kind only, so that it is clear as whose a message came. */
export const GROUP_TOPICS = ['s/1', 's/2', 'z'] as const
const FILTERS = ['t/1', 't/+', 't/#', 'u'] as const
const GROUP_FILTERS = ['$share/g/s/#', '$share/h/z'] as const

export const ANSWERS: readonly AckType[] = [PacketType.PUBACK, PacketType.PUBREC, PacketType.PUBREL, PacketType.PUBCOMP]

/** Seconds. */
export const FOREVER: number = Number.POSITIVE_INFINITY

interface Connect {
  readonly type: 'connect'
  readonly client: string
  readonly version: ProtocolVersion
  readonly clean: boolean
  /** This and the receive maximum MQTT 5 alone says. */
  readonly expirySec: number
  readonly receiveMaximum: number
}

export interface ModelMessage {
  readonly client: string
  readonly topic: string
  readonly qos: QoS
  readonly expirySec: number | null
  readonly isLarge: boolean
}

export type Step =
  | Connect
  | { readonly type: 'disconnect'; readonly client: string; readonly expirySec: number | null }
  /** The connection is lost. Of what the client had sent so much still arrives, and half a packet. */
  | { readonly type: 'drop'; readonly client: string; readonly arriving: number }
  /**
   * `hold-…` is a network that is stuck: what one side sends is on its way. `block` goes further: the broker is told that
   * its output cannot be taken.
   */
  | { readonly type: 'hold-from-client' | 'hold-to-client' | 'block' | 'free'; readonly client: string }
  | { readonly type: 'subscribe'; readonly client: string; readonly filter: string; readonly qos: QoS }
  | { readonly type: 'unsubscribe'; readonly client: string; readonly filter: string }
  /** So many messages one after the other, as fast as the broker takes them, while everybody keeps sending some answers. */
  | ({ readonly type: 'publish'; readonly count: number; readonly answers: readonly AckType[] } & ModelMessage)
  /** Sends what the client owes of one kind, oldest first [MQTT-4.6.0-2] [MQTT-4.6.0-3] [MQTT-4.6.0-4]. */
  | { readonly type: 'answer'; readonly client: string; readonly kind: AckType; readonly count: number }
  | { readonly type: 'time'; readonly seconds: number }
  /** From here on nothing becomes durable. */
  | { readonly type: 'hold-store' }
  | { readonly type: 'release-store' }
  | { readonly type: 'restart'; readonly downSec: number }
  /** With a last message whose PUBLISH has been handled, but of whose output nothing has left. */
  | { readonly type: 'crash'; readonly downSec: number; readonly last: ModelMessage | null }
export type StepOf<Type extends Step['type']> = Extract<Step, { type: Type }>

const client = fc.constantFrom(...CLIENT_IDS)
const qos = fc.constantFrom<QoS>(2, 1, 0, 2, 1, 2)
const filter = fc.constantFrom(...FILTERS, ...GROUP_FILTERS)
const seconds = fc.constantFrom(1, 5, 10, 60, 100)
const downSec = fc.constantFrom(0, 0, 10, 100)
const message = {
  client,
  topic: fc.constantFrom(...TOPICS, ...GROUP_TOPICS),
  qos,
  expirySec: fc.constantFrom(null, null, 5, 60),
  isLarge: fc.nat(7).map((value) => value === 7),
}

function stepOf<Type extends Step['type']>(
  type: Type,
  rest: { readonly [Key in Exclude<keyof StepOf<Type>, 'type'>]: fc.Arbitrary<StepOf<Type>[Key]> },
): fc.Arbitrary<Step> {
  return fc.record({ type: fc.constant(type), ...rest }) as unknown as fc.Arbitrary<Step>
}

const connect = stepOf('connect', {
  client,
  version: fc.constantFrom(ProtocolVersion.V3_1, ProtocolVersion.V3_1_1, ProtocolVersion.V5, ProtocolVersion.V5),
  clean: fc.nat(6).map((value) => value === 6),
  expirySec: fc.constantFrom(FOREVER, 100, 100, 10, 0),
  receiveMaximum: fc.constantFrom(65_535, 65_535, 5, 2, 1),
})
const network = fc.oneof(
  ...(['hold-from-client', 'hold-to-client', 'block', 'free'] as const).map((type) => stepOf(type, { client })),
)
const answer = stepOf('answer', {
  client,
  kind: fc.constantFrom(...ANSWERS),
  count: fc.constantFrom(1, 2, 5, 50),
})

/** More than the broker keeps of a queue in memory. */
const burst = fc.constant(250)
const count = fc.oneof(
  { weight: 40, arbitrary: fc.constant(1) },
  { weight: 3, arbitrary: fc.nat(20) },
  { weight: 1, arbitrary: burst },
)
const publish = stepOf('publish', { ...message, count, answers: fc.subarray([...ANSWERS]) })

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: connect },
  { weight: 1, arbitrary: stepOf('disconnect', { client, expirySec: fc.constantFrom(null, null, 10, 0) }) },
  { weight: 3, arbitrary: stepOf('drop', { client, arriving: fc.nat(3) }) },
  { weight: 3, arbitrary: network },
  { weight: 6, arbitrary: stepOf('subscribe', { client, filter, qos }) },
  { weight: 1, arbitrary: stepOf('unsubscribe', { client, filter }) },
  { weight: 20, arbitrary: publish },
  { weight: 20, arbitrary: answer },
  { weight: 2, arbitrary: stepOf('time', { seconds }) },
  { weight: 2, arbitrary: stepOf('hold-store', {}) },
  { weight: 3, arbitrary: stepOf('release-store', {}) },
  { weight: 1, arbitrary: stepOf('restart', { downSec }) },
  { weight: 2, arbitrary: stepOf('crash', { downSec, last: fc.option(fc.record(message)) }) },
)

const connectFirst = (id: string): Step => ({
  type: 'connect',
  client: id,
  version: ProtocolVersion.V5,
  clean: false,
  expirySec: FOREVER,
  receiveMaximum: 65_535,
})
/** Of these some, in this order, so that most worlds have subscribers from the start. */
const opening: readonly Step[] = [
  ...CLIENT_IDS.map(connectFirst),
  { type: 'subscribe', client: 'a', filter: 't/#', qos: 2 },
  { type: 'subscribe', client: 'b', filter: 't/1', qos: 2 },
  { type: 'subscribe', client: 'c', filter: 't/+', qos: 1 },
  { type: 'subscribe', client: 'b', filter: '$share/g/s/#', qos: 1 },
  { type: 'subscribe', client: 'c', filter: '$share/g/s/#', qos: 1 },
]

export const steps: fc.Arbitrary<Step[]> = fc
  .tuple(fc.subarray([...opening]), fc.array(step, { minLength: 1, maxLength: 100, size: 'max' }))
  .map(([first, rest]) => [...first, ...rest])
