// SPDX-License-Identifier: Apache-2.0
import { type Fault, faultsOf } from '../codec/fault.ts'

const table = {
  TEXT_FRAME: [0x82, 'WebSocket text frame', 'MQTT-6.0.0-1'],
  RESERVED_BITS: [0x81, 'WebSocket frame with reserved bits', 'RFC 6455, 5.2'],
  UNKNOWN_OPCODE: [0x81, 'WebSocket frame of an unknown kind', 'RFC 6455, 5.2'],
  NOT_MASKED: [0x81, 'WebSocket frame without masking', 'RFC 6455, 5.1'],
  LENGTH_NOT_SHORTEST: [0x81, 'Length of a WebSocket frame is not in its shortest form', 'RFC 6455, 5.2'],
  FRAME_TOO_LARGE: [0x95, 'WebSocket frame is too large', 'RFC 6455, 10.4'],
  CONTROL_FRAGMENTED: [0x81, 'WebSocket control frame in fragments', 'RFC 6455, 5.5'],
  CONTROL_TOO_LONG: [0x81, 'WebSocket control frame is too long', 'RFC 6455, 5.5'],
  MESSAGE_NOT_FINISHED: [0x81, 'WebSocket message within another', 'RFC 6455, 5.4'],
  NOTHING_TO_CONTINUE: [0x81, 'WebSocket continuation of no message', 'RFC 6455, 5.4'],
  CLOSE_CODE_INVALID: [0x81, 'WebSocket Close frame with an invalid code', 'RFC 6455, 7.4'],
  CLOSE_TEXT_INVALID: [0x81, 'Text of a WebSocket Close frame is not UTF-8', 'RFC 6455, 5.5.1'],
} as const

/** What a client can do wrong with the frames of WebSocket. */
export const WebSocketFaults: { readonly [Name in keyof typeof table]: Fault } = faultsOf(table)
