// SPDX-License-Identifier: Apache-2.0

/** The protocol level as CONNECT carries it. */
export const ProtocolVersion = { V3_1: 3, V3_1_1: 4, V5: 5 } as const
export type ProtocolVersion = (typeof ProtocolVersion)[keyof typeof ProtocolVersion]
