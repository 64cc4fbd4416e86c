// SPDX-License-Identifier: Apache-2.0

export const ConnectionState = {
  /** The first packet has not come. */
  AWAITING_CONNECT: 0,
  /** CONNECT is well-formed; extensions decide about it. */
  AUTHENTICATING: 1,
  /** CONNECT was accepted; CONNACK waits for the store. */
  CONNECTING: 2,
  /** CONNACK was sent. */
  CONNECTED: 3,
  CLOSED: 4,
} as const
export type ConnectionState = (typeof ConnectionState)[keyof typeof ConnectionState]
