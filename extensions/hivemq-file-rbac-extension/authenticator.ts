// SPDX-License-Identifier: Apache-2.0
import { createHmac, randomBytes, type X509Certificate } from 'node:crypto'
import { type AuthenticationDecision, type ConnectEvent, ReasonCode, type SimpleAuthenticator } from 'waggle/extension'
import type { ConnectedClients } from './connected-clients.ts'
import type { Credentials, User } from './credentials.ts'
import type { ExtensionConfig } from './extension-config.ts'
import type { PasswordChecker } from './password-checker.ts'
import { permissionsOf } from './permissions-of.ts'
import { NEVER_MATCHES } from './stored-password.ts'

const NEXT: AuthenticationDecision = { outcome: 'next' }

const refusal = (reasonCode: ReasonCode, reasonString: string): AuthenticationDecision => ({
  outcome: 'fail',
  reasonCode,
  reasonString,
})
const MISSING = refusal(
  ReasonCode.BAD_USER_NAME_OR_PASSWORD,
  'Authentication failed because username or password are missing',
)
const CLIENT_ID_WITH_WILDCARD = refusal(
  ReasonCode.CLIENT_IDENTIFIER_NOT_VALID,
  "The characters '#' and '+' are not allowed in the client identifier",
)
const USER_NAME_WITH_WILDCARD = refusal(
  ReasonCode.BAD_USER_NAME_OR_PASSWORD,
  "The characters '#' and '+' are not allowed in the username",
)
/** The same for an unknown user and a wrong password. */
const INVALID = refusal(ReasonCode.NOT_AUTHORIZED, 'Authentication failed because of invalid credentials')
const BUSY = refusal(ReasonCode.SERVER_BUSY, 'Too many clients are logging in, try again later')

export interface AuthenticatorParts {
  readonly config: ExtensionConfig
  readonly checker: PasswordChecker
  /** What is in force; null while no file was valid yet. */
  readonly credentials: () => Credentials | null
  /** Null where clients keep what they have when the file changes. */
  readonly connected: ConnectedClients | null
}

/** Decides about a CONNECT by credentials.xml, in HiveMQ's order. */
export class FileRbacAuthenticator implements SimpleAuthenticator {
  readonly #parts: AuthenticatorParts
  readonly #decoyKey = randomBytes(32)
  readonly #otherwise: (refused: AuthenticationDecision) => AuthenticationDecision

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts
    this.#otherwise = parts.config.nextExtensionInsteadOfFail ? () => NEXT : (refused) => refused
  }

  async onConnect(event: ConnectEvent): Promise<AuthenticationDecision> {
    const { config, credentials, connected } = this.#parts
    const { connect, connection } = event
    if (config.listenerNames !== null && !config.listenerNames.has(connection.listener.name)) return NEXT
    const fromCertificate = nameOf(connection.tls?.clientCertificateChain[0], config.certificateUserName)
    const { clientId, password } = connect
    const userName = fromCertificate ?? connect.userName
    if (userName === undefined || (password === undefined && fromCertificate === undefined)) {
      return this.#otherwise(MISSING)
    }
    // Both can be part of a topic.
    if (/[#+]/.test(clientId)) return this.#otherwise(CLIENT_ID_WITH_WILDCARD)
    if (/[#+]/.test(userName)) return this.#otherwise(USER_NAME_WITH_WILDCARD)
    const inForce = credentials()
    const user = inForce?.users.get(userName)
    const verdict = fromCertificate === undefined ? await this.#check(event, userName, inForce, user) : 'right'
    if (verdict === 'busy') return BUSY
    if (verdict === 'wrong' || inForce === null || user === undefined) return this.#otherwise(INVALID)
    const permissions = permissionsOf(user, inForce, clientId, config.plusCoversHash === true)
    const isByCertificate = fromCertificate !== undefined
    connected?.remember(connection, { user, isByCertificate, credentials: inForce, permissions })
    return { outcome: 'success', defaultBehaviour: 'deny', permissions }
  }

  /**
   * What takes as long to check as the password of the first user. Each name has its own: else the same wrong password would be known
   * for a second unknown user, and not for one that there is.
   */
  #decoyOf(userName: string, credentials: Credentials | null): User['password'] {
    const first = credentials?.users.values().next().value?.password ?? NEVER_MATCHES
    if (first.algorithm === 'plain') return first
    const salt = createHmac('sha512', this.#decoyKey).update(userName).digest()
    return { ...first, salt, hash: Buffer.alloc(first.hash.length) }
  }

  /** An unknown user costs as much time as a known one, or names could be found by it. */
  async #check(
    { connect, signal }: ConnectEvent,
    userName: string,
    credentials: Credentials | null,
    user: User | undefined,
  ): Promise<'right' | 'wrong' | 'busy'> {
    const { checker } = this.#parts
    const known = user?.password ?? this.#decoyOf(userName, credentials)
    const verdict = await checker.check(connect.password!, known, signal)
    return user === undefined && verdict === 'right' ? 'wrong' : verdict
  }
}

/** The user's name in a client's certificate, which was verified; undefined where it counts for nothing. */
function nameOf(
  certificate: X509Certificate | undefined,
  source: ExtensionConfig['certificateUserName'],
): string | undefined {
  if (certificate === undefined || source === 'none') return undefined
  if (source === 'common-name') return /^CN=(.+)$/m.exec(certificate.subject)?.[1]
  return /^(?:DNS|URI|email):(.+)$/.exec(certificate.subjectAltName?.split(', ')[0] ?? '')?.[1]
}
