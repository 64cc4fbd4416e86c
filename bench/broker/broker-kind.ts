// SPDX-License-Identifier: Apache-2.0

/** How a process is started. */
export interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
}

/** What carries the bytes of MQTT. */
export type Wire = 'tcp' | 'tls' | 'websocket'

export interface PrepareOptions {
  /** Clients log in with a name and a password. */
  readonly hasLogins: boolean
  /** Users beside those of the traffic. */
  readonly stormClients: number
  /** What the broker's port speaks. */
  readonly wire: Wire
  /** So many messages must fit into the queue of a client that is away; null for what the broker takes by itself. */
  readonly queueSize: number | null
}

/** A broker that can be measured. */
export interface BrokerKind {
  readonly name: string
  readonly hasMqtt5: boolean
  /** One line: version, and what is started. Or, as `missing`, why it cannot be. */
  describe(): { readonly text: string } | { readonly missing: string }
  /** What starts it on `port` of 127.0.0.1; files that it needs are written to `folder`, which is its own. */
  prepare(port: number, folder: string, options: PrepareOptions): Command
  /** Where it keeps what is durable, if that is one file: its size is of interest. */
  storeFile?(folder: string): string
}
