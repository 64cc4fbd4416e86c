// SPDX-License-Identifier: Apache-2.0

/** What a decoder accepts beyond the format itself. */
export interface CodecLimits {
  /** Bytes of a whole packet, fixed header included. */
  readonly maxPacketSize: number
  /** Bytes of all user properties of one packet. */
  readonly maxUserPropertyBytes: number
  /** Topic filters of one SUBSCRIBE or UNSUBSCRIBE: four bytes of it become some hundred bytes of objects. */
  readonly maxTopicFilters: number
  /** HiveMQ's `utf8-validation`: also refuse control characters and non-characters in strings. */
  readonly isUtf8Strict: boolean
}

/** HiveMQ's defaults. The largest packet that the format allows has 268 435 455 bytes after a header of five. */
export const DEFAULT_LIMITS: CodecLimits = {
  maxPacketSize: 268_435_460,
  maxUserPropertyBytes: 5 * 1024 * 1024,
  maxTopicFilters: 100_000,
  isUtf8Strict: true,
}
