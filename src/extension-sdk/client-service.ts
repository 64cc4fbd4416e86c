// SPDX-License-Identifier: Apache-2.0
import type { ReasonCode } from '../codec/reason-code.ts'

export interface SessionInformation {
  readonly clientId: string
  /** Seconds for which the session outlives its connection; 4294967295 for ever. */
  readonly sessionExpiryInterval: number
  readonly isConnected: boolean
}

export interface DisconnectOptions {
  /** The client's will is dropped. `false` unless set: the will is published. */
  readonly preventWill?: boolean
  /** A code that a server may send in DISCONNECT; ADMINISTRATIVE_ACTION unless set. MQTT 3 clients are just closed. */
  readonly reasonCode?: ReasonCode
  readonly reasonString?: string
}

/** Clients and their sessions. */
export interface ClientService {
  isConnected(clientId: string): Promise<boolean>
  getSession(clientId: string): Promise<SessionInformation | undefined>
  /** Ends the connection of a client; its session stays for its expiry interval. False if it is not connected. */
  disconnect(clientId: string, options?: DisconnectOptions): Promise<boolean>
  /**
   * Ends the session of a client with all that is in it, and its connection, if it has one: then true. Its will is published.
   * Rejects with NoSuchClientError.
   */
  invalidateSession(clientId: string): Promise<boolean>
  /** All sessions, in no order. Clients get their turn meanwhile: sessions that come or go then are seen or not. */
  iterate(options?: { readonly signal?: AbortSignal }): AsyncIterable<SessionInformation>
}
