// SPDX-License-Identifier: Apache-2.0
import type { Packet } from '../../../src/codec/packet.ts'
import { PacketType, type QoS } from '../../../src/codec/packet-type.ts'
import type { Properties, UserProperty } from '../../../src/codec/property.ts'
import { ProtocolVersion } from '../../../src/codec/protocol-version.ts'
import type { SubscriptionRequest } from '../../../src/codec/subscribe.ts'
import { bytes } from '../bytes.ts'

// Packets in scripts:
//
//   CONNECT id=a clean=0 keepalive=10 user=u pass=p will=w/t willmsg='gone' willqos=1 willretain  persistent
//   CONNACK sp=1 code=00        PUBLISH t/1 'payload' qos=1 id=7 dup retain
//   PUBACK id=7 code=10         SUBSCRIBE id=1 t/#:1 a:2:nl:rap:rh2      SUBACK id=1 01 02
//   UNSUBSCRIBE id=1 t/# a      UNSUBACK id=1 00 11    DISCONNECT code=04    AUTH code=19 method=M    PINGREQ
//
// `persistent` is a session that stays for an hour, in the words of each version. Properties have the abbreviations below;
// those of the will begin with `will.`. In what is expected, `!sei` says that there must be none, `id=$x` keeps a value,
// `id==$x` must be that value, `id=*` and `dup=*` take any; of CONNACK and of acknowledgements only what is written is
// compared, of PUBLISH everything.

const PROPERTY_KEYS: Readonly<Record<string, keyof Properties>> = {
  pfi: 'payloadFormatIndicator',
  mei: 'messageExpiryInterval',
  ctype: 'contentType',
  rtopic: 'responseTopic',
  cdata: 'correlationData',
  subid: 'subscriptionIdentifiers',
  sei: 'sessionExpiryInterval',
  acid: 'assignedClientIdentifier',
  ska: 'serverKeepAlive',
  method: 'authenticationMethod',
  data: 'authenticationData',
  rpi: 'requestProblemInformation',
  delay: 'willDelayInterval',
  rri: 'requestResponseInformation',
  rinfo: 'responseInformation',
  sref: 'serverReference',
  reason: 'reasonString',
  rm: 'receiveMaximum',
  tam: 'topicAliasMaximum',
  alias: 'topicAlias',
  maxqos: 'maximumQoS',
  retainavail: 'retainAvailable',
  up: 'userProperties',
  mps: 'maximumPacketSize',
  wildavail: 'wildcardSubscriptionAvailable',
  subidavail: 'subscriptionIdentifierAvailable',
  sharedavail: 'sharedSubscriptionAvailable',
}
const TEXT_PROPERTIES = new Set<keyof Properties>([
  'contentType',
  'responseTopic',
  'assignedClientIdentifier',
  'authenticationMethod',
  'responseInformation',
  'serverReference',
  'reasonString',
])

export function propertyName(key: string): keyof Properties | undefined {
  return PROPERTY_KEYS[key]
}

/** The words of a packet: what stands alone, and what stands as key=value. */
export interface Words {
  readonly name: string
  readonly plain: readonly string[]
  readonly fields: ReadonlyMap<string, readonly string[]>
}

export function toWords(text: string): Words {
  const [name, ...rest] = text.match(/(?:[^\s']|'[^']*')+/g) ?? []
  const plain: string[] = []
  const fields = new Map<string, string[]>()
  for (const word of rest) {
    const field = /^([a-z.]+)=(.*)$/s.exec(word)
    if (field === null) plain.push(word)
    else fields.set(field[1]!, [...(fields.get(field[1]!) ?? []), field[2]!])
  }
  return { name: name!, plain, fields }
}

const isPayload = (word: string): boolean => word.startsWith("'") || /^x\d+/.test(word)

/** What the fields of a packet say as properties; those that begin with `prefix`. */
export function toProperties(words: Words, prefix = ''): Properties {
  const properties: Record<string, unknown> = {}
  for (const [key, values] of words.fields) {
    const name = key.startsWith(prefix) ? PROPERTY_KEYS[key.slice(prefix.length)] : undefined
    if (name === undefined) continue
    if (name === 'userProperties') properties[name] = values.map((value) => value.split(':') as unknown as UserProperty)
    else if (name === 'subscriptionIdentifiers') properties[name] = values.map(Number)
    else if (name === 'correlationData' || name === 'authenticationData') properties[name] = toBinary(values[0]!)
    else properties[name] = TEXT_PROPERTIES.has(name) ? values[0]! : Number(values[0])
  }
  return properties
}

function toBinary(word: string): Buffer {
  return isPayload(word) ? bytes(word) : Buffer.from(word)
}

/** Builds the packet that a client sends. */
export function toPacket(text: string, version: ProtocolVersion, client: string): Packet {
  const words = toWords(text)
  const { name, plain, fields } = words
  const isVersion5 = version === ProtocolVersion.V5
  const one = (key: string): string | undefined => fields.get(key)?.[0]
  const number = (key: string, otherwise = 0): number => Number(one(key) ?? otherwise)
  const code = Number.parseInt(one('code') ?? '0', 16)
  const properties = toProperties(words)
  const hasProperties = Object.keys(properties).length > 0
  if (hasProperties && !isVersion5) throw new Error('properties are for MQTT 5')
  const more = isVersion5 ? { properties } : {}
  switch (name) {
    case 'CONNECT':
      return toConnect(words, version, client)
    case 'PUBLISH': {
      const payload = plain.find(isPayload)
      const qos = number('qos') as QoS
      return {
        type: PacketType.PUBLISH,
        topicName: plain.find((word) => !isPayload(word) && word !== 'dup' && word !== 'retain') ?? '',
        payload: payload === undefined ? Buffer.alloc(0) : bytes(payload),
        qos,
        retain: plain.includes('retain'),
        dup: plain.includes('dup'),
        ...(qos > 0 && { packetId: number('id', 1) }),
        ...more,
      }
    }
    case 'PUBACK':
    case 'PUBREC':
    case 'PUBREL':
    case 'PUBCOMP':
      return { type: PacketType[name], packetId: number('id', 1), reasonCode: code, ...(hasProperties && more) }
    case 'SUBSCRIBE':
      return {
        type: PacketType.SUBSCRIBE,
        packetId: number('id', 1),
        subscriptions: plain.map((word) => toRequest(word)),
        ...more,
      }
    case 'UNSUBSCRIBE':
      return { type: PacketType.UNSUBSCRIBE, packetId: number('id', 1), topicFilters: plain, ...more }
    case 'PINGREQ':
      return { type: PacketType.PINGREQ }
    case 'DISCONNECT':
      return { type: PacketType.DISCONNECT, reasonCode: code, ...(hasProperties && more) } as Packet
    case 'AUTH':
      return { type: PacketType.AUTH, reasonCode: code, properties } as Packet
    default:
      throw new Error(`no packet: ${name}`)
  }
}

function toConnect(words: Words, version: ProtocolVersion, client: string): Packet {
  const { plain, fields } = words
  const one = (key: string): string | undefined => fields.get(key)?.[0]
  const isVersion5 = version === ProtocolVersion.V5
  const isPersistent = plain.includes('persistent')
  const properties = toProperties(words)
  if (isPersistent && isVersion5) properties.sessionExpiryInterval ??= 3600
  const willProperties = toProperties(words, 'will.')
  const [topicName, userName, password] = [one('will'), one('user'), one('pass')]
  const payload = one('willmsg')
  return {
    type: PacketType.CONNECT,
    protocolVersion: version,
    cleanStart: (one('clean') ?? (isPersistent ? '0' : '1')) === '1',
    keepAliveSec: Number(one('keepalive') ?? 0),
    clientId: one('id') ?? client.toLowerCase(),
    properties,
    ...(topicName !== undefined && {
      will: {
        topicName,
        payload: payload === undefined ? Buffer.alloc(0) : bytes(payload),
        qos: Number(one('willqos') ?? 0) as QoS,
        retain: plain.includes('willretain'),
        properties: willProperties,
      },
    }),
    ...(userName !== undefined && { userName }),
    ...(password !== undefined && { password: Buffer.from(password) }),
  }
}

/** `filter:qos` with `:nl`, `:rap` and `:rh1` behind it. */
function toRequest(word: string): SubscriptionRequest {
  const [topicFilter, qos, ...options] = word.split(':')
  return {
    topicFilter: topicFilter!,
    qos: Number(qos ?? 0) as QoS,
    noLocal: options.includes('nl'),
    retainAsPublished: options.includes('rap'),
    retainHandling: options.includes('rh2') ? 2 : options.includes('rh1') ? 1 : 0,
  }
}
