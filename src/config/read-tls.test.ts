// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { formatComplaint } from './complaint.ts'
import type { TlsConfig } from './listener-config.ts'
import { parseConfig } from './parse-config.ts'

/** The TLS of one listener, named `tls`; `added` is what `waggle/listeners/listener/tls` holds. */
function read(content: string, added?: string): { tls: TlsConfig | null; complaints: string[] } {
  const listener = `<tls-tcp-listener><port>8883</port><name>tls</name>\n${content}</tls-tcp-listener>`
  const waggle =
    added === undefined
      ? ''
      : `\n<waggle><listeners><listener><name>tls</name>\n<tls>${added}</tls></listener></listeners></waggle>`
  const xml = `<hivemq><listeners>${listener}</listeners>${waggle}</hivemq>`
  const { config, complaints } = parseConfig(Buffer.from(xml), 'c', {}, '/opt/hivemq')
  return { tls: config?.listeners[0]?.tls ?? null, complaints: complaints.map(formatComplaint) }
}

const KEYSTORE = '<keystore><path>/stores/key.jks</path></keystore>'
const TLS = 'listeners/tls-tcp-listener/tls'
const ADDED = 'waggle/listeners/listener/tls'
const STOPS = 'the broker does not start'

const DEFAULTS: TlsConfig = {
  keystore: { path: '/stores/key.jks', password: '', privateKeyPassword: '' },
  pem: null,
  truststore: null,
  trustedCertificates: null,
  certificateRevocationList: null,
  clientAuthenticationMode: 'NONE',
  handshakeTimeout: 10_000,
  protocols: null,
  cipherSuites: null,
  preferServerCipherSuites: null,
}

describe('tls', () => {
  it('has the defaults of HiveMQ beside a key store', () => {
    expect(read(`<tls>${KEYSTORE}</tls>`)).toEqual({ tls: DEFAULTS, complaints: [] })
    const empty =
      '<truststore><path/></truststore><client-authentication-mode/><handshake-timeout/><protocols/>' +
      '<cipher-suites>\n</cipher-suites><prefer-server-cipher-suites/>'
    expect(read(`<tls>${KEYSTORE}${empty}</tls>`)).toEqual({ tls: DEFAULTS, complaints: [] })
  })

  it('takes everything that HiveMQ takes, in any order', () => {
    const xml = `<tls>
      <protocols><protocol>TLSv1.2</protocol>\n\n<protocol> TLSv1.1 </protocol></protocols>
      <prefer-server-cipher-suites>true</prefer-server-cipher-suites>
      <cipher-suites><cipher-suite>TLS_A</cipher-suite><cipher-suite>TLS_B</cipher-suite></cipher-suites>
      <handshake-timeout>2000</handshake-timeout>
      <client-authentication-mode>REQUIRED</client-authentication-mode>
      <truststore><password>b</password><path>trust.jks</path></truststore>
      <keystore><private-key-password> c </private-key-password><password>a</password><path>../key.jks</path></keystore>
    </tls>`
    expect(read(xml)).toEqual({
      tls: {
        ...DEFAULTS,
        // Relative files count from the home folder; passwords keep their blanks.
        keystore: { path: '/opt/key.jks', password: 'a', privateKeyPassword: ' c ' },
        truststore: { path: '/opt/hivemq/trust.jks', password: 'b' },
        clientAuthenticationMode: 'REQUIRED',
        handshakeTimeout: 2000,
        protocols: ['TLSv1.2', 'TLSv1.1'],
        cipherSuites: ['TLS_A', 'TLS_B'],
        preferServerCipherSuites: true,
      },
      complaints: [],
    })
  })

  it.each(['0', '-1', '-2147483648'])('has no limit for the handshake with %s', (text) => {
    const { tls, complaints } = read(`<tls>${KEYSTORE}<handshake-timeout>${text}</handshake-timeout></tls>`)
    expect(tls?.handshakeTimeout).toBe(0)
    expect(complaints).toEqual([])
  })

  it('takes PEM files and a list of revoked certificates as our addition', () => {
    const added = `<certificate>tls.crt</certificate><private-key>/run/tls.key</private-key>
      <private-key-password>a b</private-key-password><trusted-certificates>ca.crt</trusted-certificates>
      <certificate-revocation-list>ca.crl</certificate-revocation-list>`
    expect(read('<tls><client-authentication-mode>OPTIONAL</client-authentication-mode></tls>', added)).toEqual({
      tls: {
        ...DEFAULTS,
        keystore: null,
        pem: { certificate: '/opt/hivemq/tls.crt', privateKey: '/run/tls.key', privateKeyPassword: 'a b' },
        trustedCertificates: '/opt/hivemq/ca.crt',
        certificateRevocationList: '/opt/hivemq/ca.crl',
        clientAuthenticationMode: 'OPTIONAL',
      },
      complaints: [],
    })
    expect(read('', added).tls?.pem?.privateKeyPassword).toBe('a b')
  })

  it.each(['OPTIONAL', 'REQUIRED'])('warns of %s without certificates to trust, and starts as HiveMQ does', (mode) => {
    const { tls, complaints } = read(`<tls>${KEYSTORE}
<client-authentication-mode>${mode}</client-authentication-mode><truststore><path> </path></truststore></tls>`)
    expect(tls).toEqual({ ...DEFAULTS, clientAuthenticationMode: mode })
    expect(complaints).toEqual([
      `c:3:1: listeners/tls-tcp-listener/tls/client-authentication-mode: found ${mode} without certificates to trust, expected truststore/path, or waggle/listeners/listener/tls/trusted-certificates; client certificates of every public authority are accepted, as in HiveMQ`,
    ])
  })

  it('takes further anchors of trust beside the key store', () => {
    const { tls, complaints } = read(`<tls>${KEYSTORE}</tls>`, '<trusted-certificates>ca</trusted-certificates>')
    expect(tls).toEqual({ ...DEFAULTS, trustedCertificates: '/opt/hivemq/ca' })
    expect(complaints).toEqual([])
  })

  it.each([
    ['', `c:1:20: ${TLS}/keystore/path: found no such element`],
    ['<tls/>', `c:2:1: ${TLS}/keystore/path: found no such element`],
    ['<tls><keystore><path> </path></keystore></tls>', `c:2:16: ${TLS}/keystore/path: found no file name`],
  ])('needs a key: %s', (content, start) => {
    expect(read(content)).toEqual({
      tls: null,
      complaints: [`${start}, expected the name of a key store (or ${ADDED}/certificate for PEM files); ${STOPS}`],
    })
  })

  it.each([
    [
      '<client-authentication-mode>required</client-authentication-mode>',
      'found "required", expected NONE or OPTIONAL or REQUIRED',
    ],
    ['<handshake-timeout>10s</handshake-timeout>', 'found "10s", expected a whole number up to 2147483647'],
    [
      '<handshake-timeout>2147483648</handshake-timeout>',
      'found "2147483648", expected a whole number up to 2147483647',
    ],
    ['<prefer-server-cipher-suites>yes</prefer-server-cipher-suites>', 'found "yes", expected true or false'],
    [
      '<protocols><protocol>TLS1.3</protocol></protocols>',
      'found "TLS1.3", expected one of TLSv1, TLSv1.1, TLSv1.2, TLSv1.3',
    ],
    ['<protocols><protocol/></protocols>', 'found "", expected one of TLSv1, TLSv1.1, TLSv1.2, TLSv1.3'],
    ['<protocols><protocol>TLSv1.3<a/></protocol></protocols>', 'found an unknown element, expected no elements here'],
    ['<protocols>TLSv1.3</protocols>', 'found text, expected elements only'],
    ['<cipher-suites><cipher-suite> </cipher-suite></cipher-suites>', 'found "", expected a text'],
    [
      '<client-authentification-mode>REQUIRED</client-authentification-mode>',
      'found an unknown element, expected one of keystore, truststore, client-authentication-mode, handshake-timeout, protocols, cipher-suites, prefer-server-cipher-suites',
    ],
    [
      '<client-authentication-mode/><client-authentication-mode/>',
      'found an element that is given again in line 2, expected it once',
    ],
  ])('starts with nothing that it does not understand: %s', (content, complaint) => {
    const { tls, complaints } = read(`<tls>${KEYSTORE}${content}</tls>`)
    expect(tls).toBeNull()
    expect(complaints).toEqual([expect.stringContaining(`${complaint}; ${STOPS}`)])
  })

  it.each([
    [
      '<certificate>a</certificate>',
      `c:4:1: ${ADDED}/private-key: found no such element, expected the name of a PEM file`,
    ],
    [
      '<private-key>a</private-key>',
      `c:4:1: ${ADDED}/certificate: found no such element, expected the name of a PEM file`,
    ],
    [
      '<certificate/><private-key>a</private-key>',
      `c:4:6: ${ADDED}/certificate: found no file name, expected the name of a PEM file`,
    ],
    [
      '<certificate>a</certificate><private-key>a</private-key><crl>b</crl>',
      `c:4:62: ${ADDED}/crl: found an unknown element`,
    ],
  ])('starts with nothing that it does not understand in our addition: %s', (added, complaint) => {
    const { tls, complaints } = read('', added)
    expect(tls).toBeNull()
    expect(complaints).toEqual([expect.stringContaining(complaint)])
    expect(complaints[0]).toContain(STOPS)
  })

  it('has one key, not two', () => {
    const added = '<certificate>a</certificate><private-key>b</private-key>'
    expect(read(`<tls>${KEYSTORE}</tls>`, added)).toEqual({
      tls: null,
      complaints: [
        `c:2:16: ${TLS}/keystore/path: found a key store beside the PEM files of ${ADDED}, expected one of the two; ${STOPS}`,
      ],
    })
  })

  it('accepts what other editions of HiveMQ know and nobody needs here', () => {
    const { tls, complaints } = read(`<tls>${KEYSTORE}<native-ssl>true</native-ssl></tls>`)
    expect(tls).toEqual(DEFAULTS)
    expect(complaints).toEqual([expect.stringContaining(`${TLS}/native-ssl: found an element of HiveMQ's commercial`)])
  })

  it('shows no password, wherever it stands', () => {
    const secret = 'hunter2'
    const places = [
      `<keystore>${secret}<path>a</path></keystore>`,
      `<keystore><path>a</path><password>${secret}<a/></password><password>${secret}</password></keystore>`,
      `<keystore><path/><private-key-password>${secret}</private-key-password></keystore>`,
      `<keystore><path>a</path><pasword>${secret}</pasword></keystore>${secret}`,
    ]
    for (const place of places) {
      const { complaints } = read(`<tls>${place}</tls>`)
      expect(complaints.length).toBeGreaterThan(0)
      expect(complaints.join('\n')).not.toContain(secret)
    }
  })
})
