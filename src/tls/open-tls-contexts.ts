// SPDX-License-Identifier: Apache-2.0
import { ReloadingTlsContext, type TlsParts } from './reloading-tls-context.ts'
import type { TlsSettings } from './tls-settings.ts'

/** A listener that is to be opened. */
export interface ListenerWithTls {
  readonly kind: string
  readonly name: string
  readonly bindAddress: string
  readonly port: number
  readonly tls: TlsSettings | null
}

/** The contexts of all listeners with TLS, by their names; or everything that is wrong with any of them, for an operator. */
export async function openTlsContexts(
  listeners: readonly ListenerWithTls[],
  parts: TlsParts,
): Promise<{ readonly contexts: ReadonlyMap<string, ReloadingTlsContext>; readonly faults: readonly string[] }> {
  const contexts = new Map<string, ReloadingTlsContext>()
  const faults: string[] = []
  const opened = await Promise.all(
    listeners.map(async ({ kind, name, bindAddress, port, tls }) => {
      const readableName = kind === 'tls-websocket' ? 'Websocket Listener with TLS' : 'TCP Listener with TLS'
      const title = `${readableName} at address ${bindAddress} and port ${port}`
      return tls === null ? null : ReloadingTlsContext.open({ name, title }, tls, parts)
    }),
  )
  for (const [index, context] of opened.entries()) {
    const { name } = listeners[index]!
    if (context instanceof ReloadingTlsContext) contexts.set(name, context)
    else faults.push(...(context ?? []).map(({ message }) => `Could not set up TLS for ${name}: ${message}`))
  }
  return { contexts, faults }
}
