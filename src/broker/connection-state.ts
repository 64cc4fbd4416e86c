// SPDX-License-Identifier: Apache-2.0

export const ConnectionState = {
  /** The first packet has not come. */
  AWAITING_CONNECT: 0,
  /** CONNECT was accepted; CONNACK waits for the store. */
  CONNECTING: 1,
  /** CONNACK was sent. */
  CONNECTED: 2,
  CLOSED: 3,
} as const
export type ConnectionState = (typeof ConnectionState)[keyof typeof ConnectionState]
