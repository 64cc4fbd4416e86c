// SPDX-License-Identifier: Apache-2.0
import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  fixture,
  fixturePath,
  keystore,
  PASSWORD,
  pem,
  tlsSettings,
  truststore,
} from '../../test/support/tls/fixtures.ts'
import type { FaultText, KeyMaterial } from './key-material.ts'
import { loadKeyMaterial } from './load-key-material.ts'
import { readKeyMaterial } from './read-key-material.ts'
import { filesOf, type TlsSettings } from './tls-settings.ts'

/** In the thread of the test, which is quicker than one of its own. */
function read(settings: TlsSettings, changed: Readonly<Record<string, Buffer>> = {}): KeyMaterial | FaultText[] {
  const files = new Map(filesOf(settings).map((path) => [path, changed[path] ?? fixture(path.split('/').at(-1)!)]))
  const answer = readKeyMaterial({ settings, files })
  return answer.faults === undefined ? answer.material : [...answer.faults]
}

function material(settings: TlsSettings): KeyMaterial {
  const answer = read(settings)
  if (Array.isArray(answer)) throw new Error(answer[0]!.reason)
  return answer
}

function faultOf(settings: TlsSettings, changed: Readonly<Record<string, Buffer>> = {}): string {
  const answer = read(settings, changed)
  if (!Array.isArray(answer)) throw new Error('there is no fault')
  return answer.map(({ reason }) => reason).join('; ')
}

function anchorNames({ anchors }: KeyMaterial): string[] {
  return anchors.map((anchor) => new X509Certificate(anchor).subject).toSorted()
}

/** server-pbes2.jks, whose MAC asks for 10 000 iterations, with another number of them. */
function withIterations(count: number): Buffer {
  const bytes = fixture('server-pbes2.jks')
  const at = bytes.lastIndexOf(Buffer.from([0x02, 0x02, 0x27, 0x10]))
  const integer = Buffer.from([0x02, 0x03, count >> 16, (count >> 8) & 0xff, count & 0xff])
  const changed = Buffer.concat([bytes.subarray(0, at), integer, bytes.subarray(at + 4)])
  // The store and its MAC are a byte longer, and nothing else is.
  changed[bytes.lastIndexOf(Buffer.from([0x30, 0x4d])) + 1]!++
  changed.writeUInt16BE(bytes.readUInt16BE(2) + 1, 2)
  return changed
}

describe('key stores', () => {
  it.each([
    ['PKCS#12 with PBES2', keystore('server-pbes2.jks')],
    ['PKCS#12 with 3DES and RC2-40', keystore('server-rc2.jks')],
    ['JKS with a password of its own for the key', keystore('server-jks.jks', PASSWORD, 'keypass')],
    ['PKCS#12 without a password for the key', keystore('server-pbes2.jks', PASSWORD, '')],
  ])('give the same key and certificate as %s', (_, store) => {
    const { identities } = material(tlsSettings({ keystore: store }))
    expect(identities).toHaveLength(1)
    expect(identities[0]!.privateKey).toBe(fixture('server.key').toString())
    expect(new X509Certificate(identities[0]!.chain).raw).toEqual(new X509Certificate(fixture('server.pem')).raw)
  })

  it.each(['server-chain.jks', 'server-chain-jks.jks'])('give the whole chain of %s, in order', (name) => {
    const [identity] = material(tlsSettings({ keystore: keystore(name) })).identities
    const names = identity!.chain.match(/-----BEGIN[^]*?-----END CERTIFICATE-----/g)!
    expect(names.map((text) => new X509Certificate(text).subject)).toEqual([
      'CN=localhost',
      'CN=Test intermediate CA',
      'CN=Test CA',
    ])
  })

  it('may have EC keys', () => {
    const { identities } = material(tlsSettings({ keystore: keystore('server-ec.jks') }))
    expect(identities[0]!.privateKey).toBe(fixture('server-ec.key').toString())
  })

  it.each(['trust-pbes2.jks', 'trust-rc2.jks', 'trust-jks.jks'])('give every certificate of %s', (name) => {
    const anchors = anchorNames(material(tlsSettings({ truststore: truststore(name) })))
    expect(anchors).toEqual(['CN=Test CA', 'CN=client-expired', 'CN=client-future', 'CN=client-pinned'])
  })

  it('are made by openssl, too, without the mark of Java, and trust the certificate of a key as Java does', () => {
    expect(anchorNames(material(tlsSettings({ truststore: truststore('trust-openssl.jks') })))).toEqual([
      'CN=client-pinned',
    ])
    expect(anchorNames(material(tlsSettings({ truststore: truststore('server-pbes2.jks') })))).toEqual(['CN=localhost'])
  })

  it.each(['server-pbes2.jks', 'server-rc2.jks', 'server-jks.jks'])('say that the password of %s is wrong', (name) => {
    const text = faultOf(tlsSettings({ keystore: keystore(name, 'secret', 'secret') }))
    expect(text).toBe('the password does not fit, or the file is damaged')
  })

  it.each([
    ['server-pbes2.jks', 'server'],
    ['server-jks.jks', 'server'],
  ])('say that the password of the key in %s is wrong', (name, alias) => {
    const text = faultOf(tlsSettings({ keystore: keystore(name, PASSWORD, 'secret') }))
    expect(text).toBe(`the private key password does not open the key "${alias}"`)
  })

  it.each(['server-pbes2.jks', 'server-rc2.jks', 'server-jks.jks', 'trust-jks.jks'])(
    'say that %s is cut, wherever it is, and that bytes of it were changed',
    (name) => {
      const settings = tlsSettings({ truststore: truststore(name), keystore: null })
      const whole = fixture(name)
      const path = fixturePath(name)
      for (let length = 0; length < whole.length; length += Math.ceil(whole.length / 40)) {
        const fault = faultOf(settings, { [path]: whole.subarray(0, length) })
        expect(fault).toMatch(/the file ends too early|the file is empty|is damaged|this is no key store/)
      }
      const changed = Buffer.from(whole)
      changed[Math.floor(whole.length / 2)]! ^= 0x55
      expect(faultOf(settings, { [path]: changed })).toMatch(/damaged/)
    },
  )

  it.each([
    ['this is a JCEKS store', fixture('jceks.jks')],
    ['these are PEM texts', fixture('server.pem')],
    ['this is a store encoded as base64', Buffer.from(fixture('server-pbes2.jks').toString('base64'))],
    ['this is a store encoded as base64', Buffer.from(fixture('server-jks.jks').toString('base64'))],
    ['this is no key store', Buffer.from('<html>Not found</html>')],
    ['the file is empty', Buffer.alloc(0)],
    ['the file is damaged, or of another format', new X509Certificate(fixture('server.pem')).raw],
  ])('that are none are told by what they are: %s', (reason, bytes) => {
    const settings = tlsSettings()
    expect(faultOf(settings, { [settings.keystore!.path]: bytes })).toBe(reason)
  })

  it('are told apart by their contents: a trust store has no key', () => {
    expect(faultOf(tlsSettings({ keystore: keystore('trust-jks.jks') }))).toBe('the store has no private key')
  })

  it('that ask for too many iterations are refused at once', () => {
    const settings = tlsSettings({ keystore: keystore('server-pbes2.jks') })
    expect(faultOf(settings, { [settings.keystore!.path]: withIterations(8_000_000) })).toBe(
      'its password is to be hashed 8000000 times, the limit is 5000000',
    )
  })
})

describe('PEM files', () => {
  it.each([
    ['a plain key', pem('server.pem', 'server.key')],
    ['an encrypted one', pem('server.pem', 'server-encrypted.key', 'pempass')],
  ])('give certificate and key, with %s', (_, files) => {
    const { identities } = material(tlsSettings({ keystore: null, pem: files }))
    expect(identities[0]!.privateKey).toBe(fixture('server.key').toString())
  })

  it.each([
    ['the private key password does not fit, or the file is damaged', pem('server.pem', 'server-encrypted.key', 'no')],
    ['the private key does not belong to the certificate in ', pem('server.pem', 'renewed.key')],
    ['the file has no private key', pem('server.pem', 'server.pem')],
    ['the file has no certificate', pem('server.key', 'server.key')],
  ])('say: %s', (reason, files) => {
    expect(faultOf(tlsSettings({ keystore: null, pem: files }))).toContain(reason)
  })

  it('give further certificates to trust', () => {
    const settings = tlsSettings({
      truststore: truststore('trust-openssl.jks'),
      trustedCertificates: fixturePath('server-chain-full.pem'),
    })
    expect(anchorNames(material(settings))).toEqual([
      'CN=Test CA',
      'CN=Test intermediate CA',
      'CN=client-pinned',
      'CN=localhost',
    ])
  })
})

describe('revocation lists', () => {
  const trusted = { trustedCertificates: fixturePath('ca.pem') }

  it.each(['revoked.crl', 'revoked.der'])('are read from %s', (name) => {
    const settings = tlsSettings({ ...trusted, certificateRevocationList: fixturePath(name) })
    const [list] = material(settings).revocations
    const { serialNumber } = new X509Certificate(fixture('client-revoked.pem'))
    expect([...list!.serialNumbers]).toEqual([serialNumber.replace(/^0+/, '')])
    expect(list!.nextUpdate).toBeGreaterThan(Date.now())
  })

  it.each([
    ['no trusted certificate has signed the list, or it is damaged', fixture('foreign.crl')],
    ['the file has no revocation list', fixture('ca.pem')],
    ['the file ends too early', fixture('revoked.der').subarray(0, 100)],
    ['the file is empty', Buffer.alloc(0)],
  ])('are refused: %s', (reason, bytes) => {
    const path = fixturePath('revoked.crl')
    expect(faultOf(tlsSettings({ ...trusted, certificateRevocationList: path }), { [path]: bytes })).toContain(reason)
  })
})

describe('all files of a listener', () => {
  it('are complained of together', () => {
    const settings = tlsSettings({
      keystore: keystore('server-jks.jks', 'secret'),
      truststore: truststore('jceks.jks'),
      trustedCertificates: fixturePath('server.key'),
    })
    const faults = read(settings) as FaultText[]
    expect(faults.map(({ path }) => path!.split('/').at(-1))).toEqual(['server-jks.jks', 'jceks.jks', 'server.key'])
    expect(JSON.stringify(faults)).not.toContain('secret')
  })

  it('are read on a thread of its own', async () => {
    const settings = tlsSettings({ truststore: truststore('trust-rc2.jks') })
    const files = new Map(filesOf(settings).map((path) => [path, fixture(path.split('/').at(-1)!)]))
    const answer = await loadKeyMaterial({ settings, files })
    expect(answer.faults).toBeUndefined()
    expect(anchorNames((answer as { material: KeyMaterial }).material)).toHaveLength(4)
  })

  it('are given up when it takes too long, while the thread of the broker goes on', async () => {
    const settings = tlsSettings({ keystore: keystore('server-pbes2.jks') })
    const files = new Map([[settings.keystore!.path, withIterations(5_000_000)]])
    const answer = await loadKeyMaterial({ settings, files }, 200)
    expect(answer.faults).toMatchObject([
      { path: null, reason: `reading ${settings.keystore!.path} took longer than 0.2 s` },
    ])
  })
})
