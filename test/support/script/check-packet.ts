// SPDX-License-Identifier: Apache-2.0
import type { Packet } from '../../../src/codec/packet.ts'
import { PacketType } from '../../../src/codec/packet-type.ts'
import type { Properties } from '../../../src/codec/property.ts'
import { bytes } from '../bytes.ts'
import { propertyName, toProperties, toWords, type Words } from './packet-notation.ts'

/** Field by field what differs between a packet that came and what a script says; empty when nothing does. */
export function differences(text: string, packet: Packet, variables: Map<string, string>): string[] {
  const words = toWords(text)
  const name = packetName(packet)
  if (words.name !== name) return [`packet: expected ${words.name}, got ${describePacket(packet)}`]
  const found: string[] = []
  const expect = (field: string, expected: unknown, got: unknown): void => {
    if (show(expected) !== show(got)) found.push(`${field}: expected ${show(expected)}, got ${show(got)}`)
  }
  checkFields(words, packet, variables, expect)
  const properties = ('properties' in packet ? packet.properties : undefined) ?? {}
  checkProperties(words, properties, packet.type === PacketType.PUBLISH, expect)
  return found
}

type Expect = (field: string, expected: unknown, got: unknown) => void

function checkFields(words: Words, packet: Packet, variables: Map<string, string>, expect: Expect): void {
  const { plain, fields } = words
  const id = fields.get('id')?.[0]
  if (id !== undefined && 'packetId' in packet) {
    if (id.startsWith('$')) variables.set(id, String(packet.packetId))
    else if (id.startsWith('=')) expect('packet identifier', variables.get(id.slice(1)), String(packet.packetId))
    else if (id !== '*') expect('packet identifier', Number(id), packet.packetId)
  }
  const code = fields.get('code')?.[0]
  if ('reasonCode' in packet && code !== undefined) expect('code', code.toLowerCase(), hex(packet.reasonCode))
  switch (packet.type) {
    case PacketType.CONNACK: {
      const sp = fields.get('sp')?.[0]
      if (sp !== undefined) expect('session present', sp === '1', packet.sessionPresent)
      return
    }
    case PacketType.PUBLISH: {
      const payload = plain.find((word) => word.startsWith("'") || /^x\d+/.test(word))
      const topic = plain.find((word) => word !== payload && word !== 'dup' && word !== 'retain')
      expect('topic', topic ?? '', packet.topicName)
      expect(
        'payload',
        (payload === undefined ? Buffer.alloc(0) : bytes(payload)).toString('latin1'),
        Buffer.from(packet.payload).toString('latin1'),
      )
      expect('QoS', Number(fields.get('qos')?.[0] ?? 0), packet.qos)
      if (fields.get('dup')?.[0] !== '*') expect('DUP', plain.includes('dup'), packet.dup)
      expect('RETAIN', plain.includes('retain'), packet.retain)
      return
    }
    case PacketType.SUBACK:
    case PacketType.UNSUBACK:
      expect(
        'codes',
        plain
          .filter((word) => !word.startsWith('!'))
          .join(' ')
          .toLowerCase(),
        packet.reasonCodes.map(hex).join(' '),
      )
      return
    default:
  }
}

/** Of PUBLISH all properties must be as written, of other packets those that are written; `!name` must not be there. */
function checkProperties(words: Words, got: Properties, isExact: boolean, expect: Expect): void {
  const expected = toProperties(words)
  const absent = words.plain.filter((word) => word.startsWith('!')).map((word) => propertyName(word.slice(1)))
  const names = new Set([...Object.keys(expected), ...absent, ...(isExact ? Object.keys(got) : [])])
  for (const name of names as Set<keyof Properties>) {
    const isAny = [...words.fields].some(([key, values]) => values[0] === '*' && propertyName(key) === name)
    if (isAny) expect(`${name} is there`, true, got[name] !== undefined)
    else expect(name, inAnyOrder(expected[name]), inAnyOrder(got[name]))
  }
}

/** Subscription Identifiers may come in any order (spec 5.0, 3.3.4). */
function inAnyOrder(value: Properties[keyof Properties]): unknown {
  const isIdentifiers = Array.isArray(value) && value.every((entry) => typeof entry === 'number')
  return isIdentifiers ? value.toSorted((a, b) => a - b) : value
}

const hex = (code: number): string => code.toString(16).padStart(2, '0')

function show(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 200 ? `${text.slice(0, 200)}… (${text.length})` : text
}

export function packetName(packet: Packet): string {
  return Object.entries(PacketType).find(([, type]) => type === packet.type)![0]
}

export function describePacket(packet: Packet): string {
  const { type: _type, ...rest } = packet
  return `${packetName(packet)} ${JSON.stringify(rest, (_key, value: unknown) => {
    const isBuffer = typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer'
    return isBuffer ? Buffer.from((value as unknown as { data: number[] }).data).toString('latin1') : value
  })}`
}
