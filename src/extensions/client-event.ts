// SPDX-License-Identifier: Apache-2.0
import type { Connection } from '../broker/connection.ts'
import type { Peer } from '../broker/peer.ts'
import { ProtocolVersion } from '../codec/protocol-version.ts'
import type { ClientEvent, ClientInformation, ConnectionInformation, MqttVersion } from '../extension-sdk/callback.ts'
import type { PerClient } from '../extension-sdk/security-registry.ts'
import { toListener } from './admin.ts'

const VERSIONS: Readonly<Record<ProtocolVersion, MqttVersion>> = {
  [ProtocolVersion.V3_1]: '3.1',
  [ProtocolVersion.V3_1_1]: '3.1.1',
  [ProtocolVersion.V5]: '5',
}

export function mqttVersionOf(version: ProtocolVersion): MqttVersion {
  return VERSIONS[version]
}

/** What extensions may know of a connection. Made at its first callback, and kept for its life. */
export class ClientFacts {
  readonly client: ClientInformation
  readonly connection: ConnectionInformation

  /** `attributes` are those of facts that hold no more: a CONNECT can be given another client identifier. */
  constructor({ clientId, version, link: { peer } }: Connection, attributes: Map<string, unknown> | null = null) {
    this.client = { clientId }
    this.connection = new ConnectionFacts(version, peer, attributes)
  }
}

class ConnectionFacts implements ConnectionInformation {
  readonly mqttVersion: MqttVersion
  readonly remoteAddress: string
  readonly remotePort: number
  readonly listener: ConnectionInformation['listener']
  readonly tls: ConnectionInformation['tls']
  /** Most extensions keep nothing there. */
  #attributes: Map<string, unknown> | null

  constructor(
    version: ProtocolVersion,
    { address, port, listener, tls }: Peer,
    attributes: Map<string, unknown> | null,
  ) {
    this.#attributes = attributes
    this.mqttVersion = mqttVersionOf(version)
    this.remoteAddress = address
    this.remotePort = port
    this.listener = toListener(listener)
    this.tls =
      tls === null
        ? undefined
        : {
            protocol: tls.protocol,
            cipherSuite: tls.cipherSuite,
            serverName: tls.serverName,
            clientCertificateChain: tls.certificateChain,
          }
  }

  get attributes(): Map<string, unknown> {
    return (this.#attributes ??= new Map())
  }
}

/** One callback about a client. Its signal is made when an extension looks at it: most never do. */
export class CallbackEvent implements ClientEvent {
  readonly client: ClientInformation
  readonly connection: ConnectionInformation
  #controller: AbortController | null = null
  #reason: unknown = undefined

  constructor({ client, connection }: ClientFacts) {
    this.client = client
    this.connection = connection
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    return this.#controller.signal
  }

  /** Nobody waits any more. */
  abort(reason: string): void {
    this.#reason = new DOMException(reason, 'AbortError')
    this.#controller?.abort(this.#reason)
  }
}

/** What takes part for a client: the callback itself, or what it returns as a function. Throws what that throws. */
export function resolvePerClient<T extends object>(callback: PerClient<T>, event: CallbackEvent): T | undefined {
  if (typeof callback !== 'function') return callback
  const made: unknown = callback(event)
  if (made instanceof Promise) {
    // Nobody waits for it; one that fails would end the broker.
    made.catch(() => undefined)
    throw new TypeError('expected an object at once, found a promise')
  }
  return made as T | undefined
}
