// SPDX-License-Identifier: Apache-2.0

// Who clients are, for brokers that ask: each has its client identifier for a user name.

/** Publishers, and as many subscribers. */
export const TRAFFIC_CLIENTS = 100

export function trafficClientId(role: 'publisher' | 'subscriber', index: number): string {
  return `bench-${role}-${index}`
}

export function stormClientId(index: number): string {
  return `bench-storm-${index}`
}

export function passwordOf(clientId: string): string {
  return `password of ${clientId}`
}

let isLoggingIn = false

/** Of all connections: this process has one broker before it at a time. */
export function useLogins(isWanted: boolean): void {
  isLoggingIn = isWanted
}

/** What goes into CONNECT. */
export function loginOf(clientId: string): { userName?: string; password?: Buffer } {
  return isLoggingIn ? { userName: clientId, password: Buffer.from(passwordOf(clientId)) } : {}
}
