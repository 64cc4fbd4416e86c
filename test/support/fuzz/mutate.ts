// SPDX-License-Identifier: Apache-2.0
import { type BytesField, byte, encodeFrame, type Field, type Frame, type PropertiesField, text } from './frame.ts'
import type { Random } from './random-choice.ts'

// Ways in which a packet can be wrong. Each breaks one thing of the wire format and leaves the rest.

type Mutation = (frame: Frame, random: Random) => void

const LIMITS = {
  byte: [0, 1, 2, 3, 4, 0x7f, 0x80, 0xff],
  uint16: [0, 1, 0x7fff, 0x8000, 0xffff],
  uint32: [0, 1, 0xff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff],
  varint: [0, 1, 127, 128, 16_383, 16_384, 268_435_455, 268_435_456],
} as const

/** Not UTF-8, or UTF-8 that MQTT forbids or discourages. */
const BAD_TEXT: readonly Buffer[] = [
  'c080', // overlong U+0000
  'e08080',
  'f0808080',
  'eda080', // a surrogate
  'f4908080', // beyond Unicode
  'c3', // cut off
  'e282',
  'ff',
  '80',
  '00', // U+0000
  '01', // control characters
  '7f',
  'c285',
  'efbfbf', // non-characters
  'efb790',
  'f09fbfbe',
].map((hex) => Buffer.from(hex, 'hex'))

/** Texts that are right as text, and mostly wrong where they stand. */
const ODD_TEXT: readonly string[] = [
  '',
  '#',
  '+',
  'a/#/b',
  'a+',
  '#a',
  '/',
  '//',
  '$SYS/x',
  '$share',
  '$share/',
  '$share/g',
  '$share//a',
  '$share/g/',
  '$share/+/a',
  '$share/g/#',
  '\u{feff}',
  'x'.repeat(65_535),
  'a/'.repeat(300),
]

const mutations: readonly Mutation[] = [
  // Values at their limits.
  (frame, random) => {
    const number = random.maybeOf(allFields(frame).filter((field) => field.kind in LIMITS))
    if (number !== undefined && 'value' in number) number.value = random.of(LIMITS[number.kind])
  },
  // One bit of a byte: flags, options, reason codes.
  (frame, random) => {
    const field = random.maybeOf(allFields(frame).filter(({ kind }) => kind === 'byte'))
    if (field !== undefined && 'value' in field) field.value ^= 1 << random.below(8)
  },
  // Packet identifiers: none, or one that is likely to be in use.
  (frame, random) => {
    const field = frame.fields.find((candidate) => 'isPacketId' in candidate && candidate.isPacketId)
    if (field !== undefined && 'value' in field) field.value = random.of([0, 0, 1, 2, 3, 4, 5, 65_535])
  },
  // The fixed header: flags, type, and both.
  (frame, random) => void (frame.firstByte ^= 1 << random.below(4)),
  (frame, random) => void (frame.firstByte = (random.below(16) << 4) | (frame.firstByte & 0x0f)),
  (frame, random) => void (frame.firstByte = random.below(256)),
  // Lengths that are off.
  (frame, random) => void (frame.lengthError = random.of([-2, -1, 1, 2, 100, 1_000_000, 268_435_455])),
  (frame, random) => void (frame.lengthPadding = random.of([1, 1, 2, 3, 4])),
  (frame, random) => {
    const field = random.maybeOf(allFields(frame).filter((candidate) => 'lengthError' in candidate))
    if (field !== undefined && 'lengthError' in field) field.lengthError = random.of([-2, -1, 1, 2, 127, 128, 65_535])
  },
  // Strings.
  (frame, random) => {
    const field = textOf(frame, random)
    if (field === undefined) return
    const at = random.below(field.bytes.length + 1)
    field.bytes = Buffer.concat([field.bytes.subarray(0, at), random.of(BAD_TEXT), field.bytes.subarray(at)])
  },
  (frame, random) => {
    const field = textOf(frame, random)
    if (field !== undefined) field.bytes = Buffer.from(random.of(ODD_TEXT))
  },
  // Properties: twice, out of place, unknown, gone, in another order.
  (frame, random) => {
    const field = propertiesOf(frame, random)
    const property = random.maybeOf(field?.properties ?? [])
    if (property !== undefined) field!.properties.push(property)
  },
  (frame, random) => {
    const id = random.of([0x01, 0x02, 0x03, 0x08, 0x09, 0x0b, 0x11, 0x12, 0x13, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a])
    propertiesOf(frame, random)?.properties.push({ id, value: [byte(1)] })
  },
  (frame, random) => {
    const id = random.of([0x1c, 0x1f, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x26])
    propertiesOf(frame, random)?.properties.push({ id, value: [text('v'), text('w')] })
  },
  (frame, random) => {
    const property = random.maybeOf(propertiesOf(frame, random)?.properties ?? [])
    if (property !== undefined) property.id = random.of([0, 4, 0x2b, 0x7f, 0x80, 0x4000, property.id + 1])
  },
  (frame, random) => void propertiesOf(frame, random)?.properties.splice(0, 1),
  (frame, random) => {
    const field = propertiesOf(frame, random)
    if (field !== undefined) field.properties = field.properties.toReversed()
  },
  // Fields: gone, twice, in another order, too many.
  (frame, random) => void frame.fields.splice(random.below(frame.fields.length + 1), 1),
  (frame, random) => {
    const field = random.maybeOf(frame.fields)
    if (field !== undefined) frame.fields.splice(random.below(frame.fields.length), 0, field)
  },
  (frame) => void (frame.fields = frame.fields.toReversed()),
  (frame, random) => void frame.fields.push(byte(random.below(256))),
]

/** Breaks a packet, and returns its bytes. */
export function mutate(frame: Frame, random: Random): Buffer {
  for (let count = random.of([1, 1, 1, 2, 3]); count > 0; count--) random.of(mutations)(frame, random)
  const bytes = encodeFrame(frame)
  switch (random.below(8)) {
    case 0:
      // Cut off, with a length that fits what is left or with one that waits for the rest.
      return random.below(2) === 0 ? cutShort(frame, random) : bytes.subarray(0, random.below(bytes.length + 1))
    case 1:
      bytes[random.below(bytes.length)]! ^= 1 << random.below(8)
      return bytes
    default:
      return bytes
  }
}

function cutShort(frame: Frame, random: Random): Buffer {
  const body = encodeFrame({ ...frame, firstByte: 0, lengthError: 0, lengthPadding: 0 })
  const bytes = body.subarray(0, random.below(body.length + 1))
  const cut: BytesField = { kind: 'raw', bytes, lengthError: 0 }
  return encodeFrame({ firstByte: frame.firstByte, fields: [cut], lengthError: 0, lengthPadding: 0 })
}

/** Those inside properties included. */
function allFields(frame: Frame): Field[] {
  return frame.fields.flatMap((field) => [
    field,
    ...(field.kind === 'properties' ? field.properties.flatMap(({ value }) => value) : []),
  ])
}

function textOf(frame: Frame, random: Random): BytesField | undefined {
  return random.maybeOf(allFields(frame).filter((field): field is BytesField => field.kind === 'text'))
}

function propertiesOf(frame: Frame, random: Random): PropertiesField | undefined {
  return random.maybeOf(frame.fields.filter((field) => field.kind === 'properties'))
}
