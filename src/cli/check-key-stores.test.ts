// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCommand } from './run-command.ts'

const FIXTURES = join(import.meta.dirname, '../../test/fixtures/tls')
/** Of the fixtures, all of which have the same. */
const PASSWORD = 'changeme'

interface Outcome {
  readonly exitCode: number | null
  /** Without the settings: the complaints, and whether the broker starts. */
  readonly lines: readonly string[]
  readonly output: string
}

/** What check-config says of a home with this config.xml. */
async function check(xml: string): Promise<Outcome> {
  await using home = await mkdtempDisposable(join(tmpdir(), 'check-key-stores-'))
  await mkdir(join(home.path, 'conf'))
  await writeFile(join(home.path, 'conf', 'config.xml'), xml)
  let output = ''
  const write = (text: string): void => void (output += text)
  const context = { environment: {}, defaultHome: home.path, workingFolder: '/', write, writeError: write }
  const exitCode = await runCommand(['check-config', home.path], context)
  const brief = output.replaceAll(`${home.path}/conf/`, '').replaceAll(home.path, 'HOME').replaceAll(`${FIXTURES}/`, '')
  return { exitCode, output, lines: brief.split('\n').filter((line) => line !== '' && !line.startsWith('  ')) }
}

function listener(tls: string, more = ''): string {
  return `<hivemq>
<listeners>
<tls-tcp-listener>
<port>8883</port>
<name>secure</name>
<tls>
${tls}
</tls>
</tls-tcp-listener>
</listeners>
${more}
</hivemq>`
}

function keystore(name: string, password = PASSWORD): string {
  return `<keystore><path>${join(FIXTURES, name)}</path><password>${password}</password></keystore>`
}

describe('check-config opens what TLS needs', () => {
  it('and says nothing of what is well', async () => {
    const { exitCode, lines, output } = await check(listener(keystore('server-pbes2.jks')))
    expect(lines).toEqual(['config.xml: the broker starts, with'])
    expect(exitCode).toBe(0)
    expect(output).toMatch(/\)\n$/)
  })

  it.each([
    {
      what: 'a file that is not there',
      tls: keystore('nothing.jks'),
      says: 'ERROR config.xml:7:11: listeners/tls-tcp-listener/tls/keystore/path: found nothing.jks: there is no such file; the broker does not start. Check the path, and the mounted secret.',
    },
    {
      what: 'a wrong password',
      tls: keystore('server-pbes2.jks', 'hidden'),
      says: 'ERROR config.xml:7:11: listeners/tls-tcp-listener/tls/keystore/path: found server-pbes2.jks: the password does not fit, or the file is damaged; the broker does not start. Check the password of the store.',
    },
    {
      what: 'a wrong password of the key',
      tls: keystore('server-jks.jks').replace(
        '</keystore>',
        '<private-key-password>hidden</private-key-password></keystore>',
      ),
      says: 'ERROR config.xml:7:11: listeners/tls-tcp-listener/tls/keystore/path: found server-jks.jks: the private key password does not open the key "server"; the broker does not start. Check private-key-password.',
    },
    {
      what: 'a file that is no store',
      tls: `${keystore('server-pbes2.jks')}\n<truststore><path>${join(FIXTURES, 'ca.pem')}</path></truststore>`,
      says: 'ERROR config.xml:8:13: listeners/tls-tcp-listener/tls/truststore/path: found ca.pem: these are PEM texts; the broker does not start. A JKS or PKCS#12 store is needed here.',
    },
    {
      what: 'protocols that are too old',
      tls: `${keystore('server-pbes2.jks')}\n<protocols>\n<protocol>TLSv1</protocol></protocols>`,
      says: 'ERROR config.xml:8:1: listeners/tls-tcp-listener/tls/protocols/protocol: found TLSv1 is too old to be safe; the broker does not start. Use TLSv1.3 and TLSv1.2.',
    },
    {
      what: 'cipher suites of another version',
      tls: `${keystore('server-pbes2.jks')}\n<protocols><protocol>TLSv1.2</protocol></protocols>\n<cipher-suites><cipher-suite>TLS_AES_128_GCM_SHA256</cipher-suite></cipher-suites>`,
      says: 'ERROR config.xml:9:1: listeners/tls-tcp-listener/tls/cipher-suites/cipher-suite: found no cipher suite that can be used with TLSv1.2; the broker does not start. Leave cipher-suites out for the defaults.',
    },
  ])('$what keeps the broker from starting', async ({ tls, says }) => {
    const { exitCode, lines, output } = await check(listener(tls))
    expect(lines).toEqual([says, 'config.xml: the broker does not start'])
    expect(exitCode).toBe(1)
    expect(output).not.toMatch(/hidden|changeme/)
  })

  it.each([
    {
      what: 'an expired certificate',
      tls: keystore('server-expired.jks'),
      says: /^WARN {2}config\.xml:7:11: listeners\/tls-tcp-listener\/tls\/keystore\/path: found server-expired\.jks: the certificate .* expired on .*; clients that check it cannot connect$/,
    },
    {
      what: 'a cipher suite that does not exist',
      tls: `${keystore('server-pbes2.jks')}\n<cipher-suites><cipher-suite>TLS_AES_512</cipher-suite><cipher-suite>TLS_AES_128_GCM_SHA256</cipher-suite></cipher-suites>`,
      says: /^WARN {2}config\.xml:8:1: listeners\/tls-tcp-listener\/tls\/cipher-suites\/cipher-suite: found TLS_AES_512, which does not exist; it is left out$/,
    },
    {
      what: 'a protocol that is too old beside one that is not',
      tls: `${keystore('server-pbes2.jks')}\n<protocols><protocol>TLSv1</protocol><protocol>TLSv1.3</protocol></protocols>`,
      says: /^WARN {2}config\.xml:8:1: listeners\/tls-tcp-listener\/tls\/protocols\/protocol: found TLSv1, which is too old to be safe; it is not enabled$/,
    },
  ])('$what is said, and does not keep it from starting', async ({ tls, says }) => {
    const { exitCode, lines } = await check(listener(tls))
    expect(lines).toEqual([expect.stringMatching(says), 'config.xml: the broker starts, with'])
    expect(exitCode).toBe(0)
  })

  it('PEM files and revocation lists of waggle/listeners too, and all at once', async () => {
    const addition = `<waggle><listeners><listener><name>secure</name>
<tls><certificate>${join(FIXTURES, 'server.pem')}</certificate>
<private-key>${join(FIXTURES, 'ca.key')}</private-key>
<certificate-revocation-list>${join(FIXTURES, 'none.crl')}</certificate-revocation-list></tls>
</listener></listeners></waggle>`
    const { exitCode, lines } = await check(listener('<protocols><protocol>TLSv1.1</protocol></protocols>', addition))
    expect(exitCode).toBe(1)
    expect(lines.map((line) => line.replace(/; .*/, ''))).toEqual([
      expect.stringContaining('config.xml:7:1: listeners/tls-tcp-listener/tls/protocols/protocol: found TLSv1.1'),
      expect.stringMatching(
        /config\.xml:13:1: waggle\/listeners\/listener\/tls\/private-key: found ca\.key: the private key does not belong to/,
      ),
      expect.stringMatching(
        /config\.xml:14:1: waggle\/listeners\/listener\/tls\/certificate-revocation-list: found none\.crl: there is no such file/,
      ),
      'config.xml: the broker does not start',
    ])
  })
})
