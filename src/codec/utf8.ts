// SPDX-License-Identifier: Apache-2.0
import { Faults, type Fault } from './fault.ts'

/**
 * Checks the bytes of an MQTT string: well-formed UTF-8 without surrogates [MQTT-1.5.4-1] [MQTT4-1.5.3-1] and without
 * U+0000 [MQTT-1.5.4-2] [MQTT4-1.5.3-2]. With `isStrict` (HiveMQ's `utf8-validation`) also without control characters and
 * non-characters, which the specification discourages. U+FEFF is kept wherever it stands [MQTT-1.5.4-3] [MQTT4-1.5.3-3].
 */
export function checkUtf8(buffer: Uint8Array, start: number, end: number, isStrict: boolean): Fault | null {
  let i = start
  while (i < end) {
    const first = buffer[i]!
    if (first < 0x80) {
      if (first === 0) return Faults.NULL_CHARACTER // [MQTT-4.7.3-2] [MQTT4-4.7.3-2]
      if (isStrict && (first < 0x20 || first === 0x7f)) return Faults.CONTROL_CHARACTER
      i++
      continue
    }
    // 80..C1 cannot start a sequence (C0 and C1 would be overlong), F5..FF are beyond U+10FFFF.
    const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
    if (length === 0 || i + length > end) return Faults.MALFORMED_UTF8
    let codePoint = first & (0xff >> (length + 1))
    for (let j = 1; j < length; j++) {
      const next = buffer[i + j]!
      if ((next & 0xc0) !== 0x80) return Faults.MALFORMED_UTF8
      codePoint = (codePoint << 6) | (next & 0x3f)
    }
    // Overlong forms of three and four bytes, surrogates, and what lies beyond Unicode.
    if (length === 3 && (codePoint < 0x800 || (codePoint >= 0xd800 && codePoint <= 0xdfff))) {
      return Faults.MALFORMED_UTF8
    }
    if (length === 4 && (codePoint < 0x1_0000 || codePoint > 0x10_ffff)) return Faults.MALFORMED_UTF8
    if (isStrict && isDiscouraged(codePoint)) return Faults.CONTROL_CHARACTER
    i += length
  }
  return null
}

/** C1 controls and the 66 non-characters. Their neighbours (U+FDC0, U+FDF2 …) are ordinary characters. */
function isDiscouraged(codePoint: number): boolean {
  return codePoint <= 0x9f || (codePoint >= 0xfdd0 && codePoint <= 0xfdef) || (codePoint & 0xfffe) === 0xfffe
}
