// SPDX-License-Identifier: Apache-2.0

// A frame (RFC 6455, 5.2):
//
//   FIN RSV1-3 opcode | MASK length 7 | length 16 or 64, if 7 bits say 126 or 127 | masking key, 4 bytes, of clients | payload

export const Opcode = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const

/** What a Close frame says (RFC 6455, 7.4.1). */
export const CloseCode = {
  NORMAL: 1000,
  PROTOCOL_ERROR: 1002,
  UNSUPPORTED_DATA: 1003,
  /** Stands for a Close frame without code; never sent. */
  NONE: 1005,
  INVALID_PAYLOAD: 1007,
  TOO_BIG: 1009,
} as const

export const FIN = 0x80
export const RESERVED_BITS = 0x70
export const MASKED = 0x80
/** Values of the 7 bits that announce a longer length. */
export const LENGTH_16 = 126
export const LENGTH_64 = 127
/** Of control frames. */
export const MAX_CONTROL_PAYLOAD = 125
export const MAX_HEADER = 14
/** Of frames that a server sends: without masking key. */
export const MAX_SERVER_HEADER = 10

/** Writes the header of a whole message or control frame to the beginning of `target`, and returns its length. */
export function writeFrameHeader(target: Buffer, opcode: number, length: number): number {
  target[0] = FIN | opcode
  if (length < LENGTH_16) {
    target[1] = length
    return 2
  }
  if (length <= 0xffff) {
    target[1] = LENGTH_16
    target.writeUInt16BE(length, 2)
    return 4
  }
  target[1] = LENGTH_64
  target.writeUInt32BE(Math.floor(length / 2 ** 32), 2)
  target.writeUInt32BE(length % 2 ** 32, 6)
  return MAX_SERVER_HEADER
}

export function controlFrame(opcode: number, payload: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(2 + payload.length)
  writeFrameHeader(frame, opcode, payload.length)
  payload.copy(frame, 2)
  return frame
}

export function closeFrame(code: number): Buffer {
  const payload = Buffer.allocUnsafe(code === CloseCode.NONE ? 0 : 2)
  if (payload.length > 0) payload.writeUInt16BE(code)
  return controlFrame(Opcode.CLOSE, payload)
}
