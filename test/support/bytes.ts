// SPDX-License-Identifier: Apache-2.0

/**
 * Bytes in a notation for people, as tests and protocol scripts write packets:
 *
 *   30 RL s'a/b' 0001 [00] 'payload'
 *
 * hex digits stand for themselves, `'text'` for its UTF-8, `s'text'` for the same behind its two-byte length, `RL` for the
 * Remaining Length of all that follows, `[…]` for bytes that are there in MQTT 5 only, `x65535'a'` for a repetition.
 */
export function bytes(notation: string, isVersion5 = true): Buffer {
  const tokens = notation.match(/\[|\]|RL|x\d+(s?'[^']*'|[0-9A-Fa-f]+)|s?'[^']*'|[0-9A-Fa-f]+|\S+/g) ?? []
  const before: Buffer[] = []
  let after: Buffer[] | null = null
  let isSkipping = false
  for (const token of tokens) {
    if (token === '[') isSkipping = !isVersion5
    else if (token === ']') isSkipping = false
    else if (isSkipping) continue
    else if (token === 'RL') after = []
    else (after ?? before).push(toBytes(token))
  }
  if (after === null) return Buffer.concat(before)
  const body = Buffer.concat(after)
  return Buffer.concat([...before, varint(body.length), body])
}

function toBytes(token: string): Buffer {
  const repeated = /^x(\d+)(.+)$/.exec(token)
  if (repeated !== null) {
    const unit = toBytes(repeated[2]!)
    return Buffer.alloc(Number(repeated[1]) * unit.length, unit)
  }
  if (token.startsWith("s'")) {
    const text = Buffer.from(token.slice(2, -1))
    return Buffer.concat([Buffer.from([text.length >> 8, text.length & 0xff]), text])
  }
  if (token.startsWith("'")) return Buffer.from(token.slice(1, -1))
  if (!/^([0-9A-Fa-f]{2})+$/.test(token)) throw new Error(`no bytes: ${token}`)
  return Buffer.from(token, 'hex')
}

export function varint(value: number): Buffer {
  const digits: number[] = []
  let rest = value
  do {
    digits.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
    rest >>>= 7
  } while (rest > 0)
  return Buffer.from(digits)
}
