// SPDX-License-Identifier: Apache-2.0
import type { ListenerKind } from '../broker/peer.ts'
import type { ClientAuthenticationMode } from './listener-config.ts'
import {
  type BooleanElement,
  type EnumElement,
  type FileElement,
  INT_MAX,
  type IntegerElement,
  type ListElement,
  type ListenerElement,
  type PortElement,
  type SecretElement,
  type TextElement,
} from './value-element.ts'

// The elements of a listener. Paths start below the listener's own element.

interface CommonElements {
  readonly port: PortElement
  readonly bindAddress: TextElement
  readonly name: TextElement
}

export const COMMON: CommonElements = {
  port: { path: 'port', type: 'port', default: null },
  bindAddress: text('bind-address', '0.0.0.0'),
  // Its default has the port in it: `<element>-<port>`.
  name: text('name', ''),
}

interface WebSocketElements {
  readonly path: TextElement
  readonly subprotocols: ListElement
  readonly allowExtensions: BooleanElement
}

export const WEBSOCKET: WebSocketElements = {
  path: text('path', '/mqtt'),
  subprotocols: list('subprotocols', 'subprotocol', { default: ['mqttv3.1', 'mqtt'] }),
  allowExtensions: { path: 'allow-extensions', type: 'boolean', default: false },
}

interface TlsElements {
  readonly keystorePath: FileElement
  readonly keystorePassword: SecretElement
  readonly keystorePrivateKeyPassword: SecretElement
  readonly truststorePath: FileElement
  readonly truststorePassword: SecretElement
  readonly clientAuthenticationMode: EnumElement<ClientAuthenticationMode>
  readonly handshakeTimeout: IntegerElement
  readonly protocols: ListElement
  readonly cipherSuites: ListElement
  readonly preferServerCipherSuites: BooleanElement<null>
}

export const TLS: TlsElements = {
  keystorePath: file('tls/keystore/path'),
  keystorePassword: secret('tls/keystore/password'),
  keystorePrivateKeyPassword: secret('tls/keystore/private-key-password'),
  truststorePath: file('tls/truststore/path'),
  truststorePassword: secret('tls/truststore/password'),
  clientAuthenticationMode: {
    path: 'tls/client-authentication-mode',
    type: 'enum',
    default: 'NONE',
    words: ['NONE', 'OPTIONAL', 'REQUIRED'],
  },
  // HiveMQ switches the time limit off with 0 and with everything below.
  handshakeTimeout: {
    path: 'tls/handshake-timeout',
    type: 'int',
    default: 10_000,
    min: -INT_MAX - 1,
    max: INT_MAX,
    below: 0,
    above: INT_MAX,
  },
  protocols: list('tls/protocols', 'protocol', { words: ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] }),
  // Which names are known is for the TLS layer to say: HiveMQ leaves out the others.
  cipherSuites: list('tls/cipher-suites', 'cipher-suite', {}),
  preferServerCipherSuites: { path: 'tls/prefer-server-cipher-suites', type: 'boolean', default: null },
}

interface AddedElements {
  readonly name: TextElement
  readonly trustedNetworks: ListElement
  readonly proxyTimeout: IntegerElement
  readonly certificate: FileElement
  readonly privateKey: FileElement
  readonly privateKeyPassword: SecretElement
  readonly trustedCertificates: FileElement
  readonly certificateRevocationList: FileElement
}

/** What `waggle/listeners/listener` adds to the listener of that name. */
export const ADDITION: AddedElements = {
  name: text('name', ''),
  trustedNetworks: list('proxy-protocol/trusted-networks', 'network', {}),
  proxyTimeout: {
    path: 'proxy-protocol/timeout',
    type: 'int',
    default: 5000,
    min: 1,
    max: INT_MAX,
    below: 5000,
    above: INT_MAX,
  },
  certificate: file('tls/certificate'),
  privateKey: file('tls/private-key'),
  privateKeyPassword: secret('tls/private-key-password'),
  trustedCertificates: file('tls/trusted-certificates'),
  certificateRevocationList: file('tls/certificate-revocation-list'),
}

/** The list of the additions, and the name of one. */
export const ADDITIONS_PATH = 'waggle/listeners'
export const ADDITION_NAME = 'listener'

export interface ListenerType {
  readonly kind: ListenerKind
  readonly elements: readonly ListenerElement[]
}

const common: readonly ListenerElement[] = Object.values(COMMON)
const websocket: readonly ListenerElement[] = Object.values(WEBSOCKET)
const tls: readonly ListenerElement[] = Object.values(TLS)

/** The four children of `listeners`, by name. */
export const LISTENER_TYPES: ReadonlyMap<string, ListenerType> = new Map<string, ListenerType>([
  ['tcp-listener', { kind: 'tcp', elements: common }],
  ['tls-tcp-listener', { kind: 'tls-tcp', elements: [...common, ...tls] }],
  ['websocket-listener', { kind: 'websocket', elements: [...common, ...websocket] }],
  ['tls-websocket-listener', { kind: 'tls-websocket', elements: [...common, ...websocket, ...tls] }],
])

function text(path: string, standard: string): TextElement {
  return { path, type: 'text', default: standard }
}

function file(path: string): FileElement {
  return { path, type: 'file', default: null }
}

function secret(path: string): SecretElement {
  return { path, type: 'secret', default: '' }
}

function list(path: string, item: string, rest: Partial<Pick<ListElement, 'default' | 'words'>>): ListElement {
  return { path, type: 'list', item, default: null, words: null, ...rest }
}
