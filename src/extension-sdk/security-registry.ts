// SPDX-License-Identifier: Apache-2.0
import type { EnhancedAuthenticator, SimpleAuthenticator } from './authenticator.ts'
import type { Authorizer } from './authorizer.ts'
import type { CallbackOptions, ClientEvent } from './callback.ts'

/** One for all clients, or a function that gives each client its own; undefined: none takes part for this client. */
export type PerClient<T extends object> = T | ((event: ClientEvent) => T | undefined)

/**
 * Each extension has one authenticator, simple or enhanced, and one authorizer; setting one again replaces it. Those of several extensions are asked
 * by priority, highest first, ties by id. Without any authenticator nobody can connect.
 */
export interface SecurityRegistry {
  /** The function is asked at every CONNECT. */
  setAuthenticator(authenticator: PerClient<SimpleAuthenticator>, options?: CallbackOptions): void
  /** The function is asked once for each connection. */
  setEnhancedAuthenticator(authenticator: PerClient<EnhancedAuthenticator>, options?: CallbackOptions): void
  /** The function is asked once for each connection. */
  setAuthorizer(authorizer: PerClient<Authorizer>, options?: CallbackOptions): void
}
