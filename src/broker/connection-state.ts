// SPDX-License-Identifier: Apache-2.0

export const ConnectionState = {
  /** The first packet has not come. */
  AWAITING_CONNECT: 0,
  /** CONNECT was accepted. */
  CONNECTED: 1,
  CLOSED: 2,
} as const
export type ConnectionState = (typeof ConnectionState)[keyof typeof ConnectionState]
