// SPDX-License-Identifier: Apache-2.0

/** JSSE's names are the standard's. */
const TLS_1_3_SUITES = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_CCM_SHA256',
  'TLS_AES_128_CCM_8_SHA256',
]

/**
 * The defaults of Java 17, on which HiveMQ runs, in its order, without DSS, which OpenSSL has not. The last twelve have no
 * forward secrecy or the less safe MAC; old controllers know no others.
 */
const DEFAULT_SUITES = [
  ...TLS_1_3_SUITES.slice(0, 3),
  'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_DHE_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384',
  'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384',
  'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256',
  'TLS_DHE_RSA_WITH_AES_256_CBC_SHA256',
  'TLS_DHE_RSA_WITH_AES_128_CBC_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA',
  'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA',
  'TLS_DHE_RSA_WITH_AES_256_CBC_SHA',
  'TLS_DHE_RSA_WITH_AES_128_CBC_SHA',
  'TLS_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_RSA_WITH_AES_256_CBC_SHA256',
  'TLS_RSA_WITH_AES_128_CBC_SHA256',
  'TLS_RSA_WITH_AES_256_CBC_SHA',
  'TLS_RSA_WITH_AES_128_CBC_SHA',
]

/** No suite, but Java's way to say that renegotiation is safe; it is in every list made from Java's defaults. */
const SIGNAL = 'TLS_EMPTY_RENEGOTIATION_INFO_SCSV'

let known: ReadonlyMap<string, string> | null = null
function knownSuites(): ReadonlyMap<string, string> {
  if (known !== null) return known
  // Not imported: who has no TLS should not have to load it.
  const ciphers = process.getBuiltinModule('node:tls').getCiphers()
  known = new Map(
    [...TLS_1_3_SUITES, ...DEFAULT_SUITES]
      .map((name) => [name, openSslName(name)] as const)
      .filter(([, openSsl]) => ciphers.includes(openSsl.toLowerCase())),
  )
  return known
}

/** `TLS_<kx>_<auth>_WITH_AES_<n>_<mode>_<mac>` is `<KX>-<AUTH>-AES<n>-<mode>-<mac>`, without CBC and plain RSA. */
function openSslName(name: string): string {
  if (TLS_1_3_SUITES.includes(name)) return name
  const [keyExchange, cipher] = name.slice('TLS_'.length).split('_WITH_') as [string, string]
  const exchange = keyExchange === 'RSA' ? '' : `${keyExchange.replace('_', '-')}-`
  const rest = cipher
    .replace(/^AES_(\d+)_CBC_/, 'AES$1-')
    .replace(/^AES_(\d+)_GCM_/, 'AES$1-GCM-')
    .replace('CHACHA20_POLY1305_SHA256', 'CHACHA20-POLY1305')
  return `${exchange}${rest}`
}

export interface SuiteChoice {
  /** JSSE's names, in the order of preference. */
  readonly enabled: readonly string[]
  /** Asked for and not to be had. */
  readonly unknown: readonly string[]
  /** Of TLS 1.3, which was asked for without a suite of its own. */
  readonly added: readonly string[]
}

/** `names` null for the defaults. */
export function chooseSuites(names: readonly string[] | null, versions: readonly string[]): SuiteChoice {
  const available = knownSuites()
  const asked = [...new Set(names ?? DEFAULT_SUITES)].filter((name) => name !== SIGNAL)
  const usable = asked.filter((name) => available.has(name))
  const hasTls13 = versions.includes('TLSv1.3')
  // Java would leave TLS 1.3 out without a word; UMH's list is such a list.
  const added = hasTls13 && !usable.some(isOfTls13) ? TLS_1_3_SUITES.slice(0, 3) : []
  const hasTls12 = versions.includes('TLSv1.2')
  return {
    enabled: [...added, ...usable].filter((name) => (isOfTls13(name) ? hasTls13 : hasTls12)),
    unknown: asked.filter((name) => !available.has(name)),
    added,
  }
}

export function isOfTls13(name: string): boolean {
  return TLS_1_3_SUITES.includes(name)
}

/** As OpenSSL takes it. */
export function cipherString(suites: readonly string[]): string {
  return suites.map((name) => knownSuites().get(name)).join(':')
}
