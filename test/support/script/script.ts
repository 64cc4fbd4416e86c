// SPDX-License-Identifier: Apache-2.0
import type { BrokerSettings } from '../../../src/broker/settings.ts'
import { ProtocolVersion } from '../../../src/codec/protocol-version.ts'

// Protocol tests are texts, so that they can be read next to the specification, and pointed at any broker:
//
//   === RD-01 RD-02: an unacknowledged QoS 1 message is sent again with DUP
//   v: 3.1.1 5
//   A> CONNECT persistent
//   A< CONNACK sp=0
//   A> SUBSCRIBE id=1 t/#:1
//   A< SUBACK id=1 01
//   B> CONNECT
//   B< CONNACK
//   B> PUBLISH t/1 'x'
//   A: drop
//   …
//
// `A>` sends for client A, opening its connection first if need be; `A<` is the next packet that A must get. The notation of
// packets stands in packet-notation.ts, that of raw bytes (`A> hex …`, `A< hex …`) in ../bytes.ts.
//
//   A< error 82        MQTT 5: DISCONNECT with the code, then the end; before: just the end
//   A< refused 85/02   the same with CONNACK; `-` for no CONNACK
//   A< closed          the end, and not a byte before it
//   A< silent          nothing came, and the connection is open
//   A<* PUBACK id=1    somewhere among what came, not next
//   A: drop | open | block | unblock | skip     cuts, opens, stops reading, reads again, throws away what came
//   A: version 3.1.1                                  opens a connection that speaks this version, whatever others speak
//   time 1500ms | time 3s       restart | crash       repeat 10 … end, with {i} counting from 1
//   restart 5s | crash 5s       the same with the broker being away for so long
//   each a/# | a+b … end        the same once for each value, with {x} standing for it;
//                               a line that ends with | goes on in the next
//   @5 … | @3 … | @3.1 … | @3.1.1 …                   the line is for these versions only
//
// Before its first step a script may say for what it holds; without, for everything:
//
//   v: 3.1.1 5            versions             only: default      configurations (default, umh)
//   ids: MQTT-3.3.1-2     statements           settings: maxQos=1 retainedMessagesEnabled=false
//   denied: publish=a/# retain=b subscribe=c/#        what clients may not do, by topic filter
//   transports: memory    (memory, tcp): on real sockets the kernel's buffers hide a peer that does not read
//
// When a script ends, a client that was there all the time must still be served.

export type Step =
  | { readonly type: 'send'; readonly client: string; readonly text: string }
  | { readonly type: 'expect'; readonly client: string; readonly text: string; readonly isAnywhere: boolean }
  | { readonly type: 'client'; readonly client: string; readonly command: string }
  | { readonly type: 'time'; readonly ms: number }
  | { readonly type: 'restart' | 'crash'; readonly downMs: number }

export interface Line {
  readonly step: Step
  readonly versions: readonly ProtocolVersion[]
  /** For the message of a failure. */
  readonly where: string
  readonly text: string
}

/** The configurations under which every script must hold. */
export type ConfigurationName = 'default' | 'umh'

/** Something that clients may not do with what the filter matches. */
export interface Denial {
  readonly action: 'publish' | 'retain' | 'subscribe'
  readonly filter: string
}

export interface Script {
  readonly rows: readonly string[]
  readonly title: string
  readonly ids: readonly string[]
  readonly versions: readonly ProtocolVersion[]
  readonly settings: Partial<BrokerSettings>
  readonly denied: readonly Denial[]
  readonly configurations: readonly ConfigurationName[]
  readonly transports: readonly ('memory' | 'tcp')[]
  readonly lines: readonly Line[]
}

export const VERSION_NAMES: Readonly<Record<string, readonly ProtocolVersion[]>> = {
  '3.1': [ProtocolVersion.V3_1],
  '3.1.1': [ProtocolVersion.V3_1_1],
  '3': [ProtocolVersion.V3_1, ProtocolVersion.V3_1_1],
  '5': [ProtocolVersion.V5],
}

export const ALL_VERSIONS: readonly ProtocolVersion[] = Object.values(ProtocolVersion)

export function versionName(version: ProtocolVersion): string {
  return { [ProtocolVersion.V3_1]: '3.1', [ProtocolVersion.V3_1_1]: '3.1.1', [ProtocolVersion.V5]: '5' }[version]
}
