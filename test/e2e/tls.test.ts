// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { connectAsync } from 'mqtt'
import { describe, expect, it } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { canTestMosquittoClients, mosquittoPub, MosquittoSub } from '../support/mosquitto-clients.ts'
import { credentials, fixture, fixturePath, PASSWORD, UMH_SUITES } from '../support/tls/fixtures.ts'
import { canTest, isOnPath } from '../support/tools.ts'
import { WaggleProcess } from '../support/waggle-process.ts'

interface Stores {
  readonly keystore: string
  readonly keyPassword: string
  readonly truststore: string
}

/** The config.xml of UMH's chart 0.15.0, but for ports and paths. */
function umhConfig(port: number, securePort: number, { keystore, keyPassword, truststore }: Stores): string {
  return `<?xml version="1.0"?>
<hivemq xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <listeners>
    <tcp-listener>
      <port>${port}</port>
      <bind-address>127.0.0.1</bind-address>
      <name>hivemq-mqtt</name>
    </tcp-listener>
    <tls-tcp-listener>
      <port>${securePort}</port>
      <bind-address>127.0.0.1</bind-address>
      <name>hivemq-secure-mqtt</name>
      <tls>
        <protocols>
          <protocol>TLSv1.3</protocol>
          <protocol>TLSv1.2</protocol>
        </protocols>
        <keystore>
          <path>${keystore}</path>
          <password>${PASSWORD}</password>
          <private-key-password>${keyPassword}</private-key-password>
        </keystore>
        <truststore>
          <path>${truststore}</path>
          <password>${PASSWORD}</password>
        </truststore>
        <client-authentication-mode>REQUIRED</client-authentication-mode>
        <cipher-suites>
          ${UMH_SUITES.map((name) => `<cipher-suite>${name}</cipher-suite>`).join('\n          ')}
        </cipher-suites>
        <prefer-server-cipher-suites>true</prefer-server-cipher-suites>
      </tls>
    </tls-tcp-listener>
  </listeners>
  <persistence><client-session><general><mode>file</mode></general></client-session></persistence>
  <security>
    <allow-empty-client-id><enabled>false</enabled></allow-empty-client-id>
    <utf8-validation><enabled>true</enabled></utf8-validation>
  </security>
  <mqtt-addons><dead-messages-topic><enabled>true</enabled></dead-messages-topic></mqtt-addons>
</hivemq>`
}

const STORES: readonly Stores[] = [
  {
    keystore: fixturePath('server-rc2.jks'),
    keyPassword: PASSWORD,
    truststore: fixturePath('trust-rc2.jks'),
  },
  {
    keystore: fixturePath('server-pbes2.jks'),
    keyPassword: PASSWORD,
    truststore: fixturePath('trust-pbes2.jks'),
  },
  {
    keystore: fixturePath('server-jks.jks'),
    keyPassword: 'keypass',
    truststore: fixturePath('trust-jks.jks'),
  },
]

function mosquittoOptions(client: string): string[] {
  const files = ['--cafile', 'server.pem', '--cert', `${client}.pem`, '--key', `${client}.key`]
  return files.map((text) => (text.startsWith('--') ? text : fixturePath(text)))
}

/** What openssl says of a connection that it makes. */
async function openSsl(port: number, ...options: string[]): Promise<string> {
  const client = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...options])
  let output = ''
  for (const stream of [client.stdout, client.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  }
  client.stdin.end()
  await once(client, 'close')
  return output
}

/** The certificate that the server shows. */
async function certificateOf(port: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...credentials('client-pinned') })
  await once(socket, 'secureConnect')
  const text = socket.getPeerX509Certificate()!.toString()
  socket.destroy()
  return text
}

const canTestOpenSsl = canTest('openssl', isOnPath('openssl', 'version'), 'apt-get install openssl')

describe.runIf(canTestMosquittoClients && canTestOpenSsl)("UMH's config.xml", () => {
  it.each(STORES)('works as it is with $keystore', async (stores) => {
    const [port, securePort] = [await freePort(), await freePort()]
    await using waggle = await WaggleProcess.launch(umhConfig(port, securePort, stores), port)
    await waggle.waitForLog(/ready on hivemq-mqtt .*, hivemq-secure-mqtt/)
    expect(waggle.log).toContain(`Started TCP Listener with TLS on address 127.0.0.1 and on port ${securePort}.`)
    expect(waggle.log).toMatch(
      /INFO .*Enabled protocols for TCP Listener with TLS at address .*: \[TLSv1\.3, TLSv1\.2\]/,
    )
    expect(waggle.log).toMatch(/INFO .*Enabled cipher suites for .*TLS_RSA_WITH_AES_256_CBC_SHA\]/)

    using sub = await new MosquittoSub(port, '-i', 'sub', '-t', 'tls/#', '-q', '1').subscribed()
    await mosquittoPub(
      securePort,
      ...mosquittoOptions('client-pinned'),
      '-i',
      'a',
      '-t',
      'tls/a',
      '-m',
      'one',
      '-q',
      '1',
    )
    await mosquittoPub(
      securePort,
      ...mosquittoOptions('client-expired'),
      '-i',
      'b',
      '-t',
      'tls/b',
      '-m',
      'two',
      '-q',
      '1',
    )
    expect(await sub.messages(2)).toEqual(['tls/a 1 0 one', 'tls/b 1 0 two'])
    // The message may come before the line.
    await waggle.waitForLog(/WARN .*CN=client-expired expired on .*the trust store has this very certificate/)
    await expect(
      mosquittoPub(securePort, ...mosquittoOptions('client-foreign'), '-i', 'c', '-t', 'tls/c', '-m', 'no'),
    ).rejects.toThrow('mosquitto_pub')

    const cipher = ['-tls1_2', '-cipher', 'AES128-SHA']
    const identity = ['-cert', fixturePath('client-pinned.pem'), '-key', fixturePath('client-pinned.key')]
    expect(await openSsl(securePort, ...cipher, ...identity)).toContain('Cipher is AES128-SHA')
    expect(await openSsl(securePort, ...cipher)).toMatch(/alert handshake failure/)

    const client = await connectAsync({
      protocol: 'mqtts',
      host: '127.0.0.1',
      port: securePort,
      ca: fixture('server.pem'),
      clientId: 'mqtt.js',
      protocolVersion: 5,
      reconnectPeriod: 0,
      ...credentials('client-issued'),
    })
    await client.publishAsync('tls/c', Buffer.alloc(300_000, 'x'), { qos: 2 })
    const message = (await sub.messages(3))[2]!
    expect(message.length).toBe('tls/c 1 0 '.length + 300_000)
    await client.endAsync()
    expect(await waggle.stop()).toBe(0)
    expect(waggle.log).not.toContain('ERROR')
    expect(waggle.log).not.toContain(PASSWORD)
  })
})

describe('key stores', () => {
  it('that are changed under the broker are used for the next client', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'waggle-stores-'))
    try {
      const keystore = join(folder, 'keystore.jks')
      await copyFile(fixturePath('server-pbes2.jks'), keystore)
      const [port, securePort] = [await freePort(), await freePort()]
      const stores = { keystore, keyPassword: PASSWORD, truststore: fixturePath('trust-pbes2.jks') }
      await using waggle = await WaggleProcess.launch(umhConfig(port, securePort, stores), port)
      await waggle.waitForLog(/ready on/)
      expect(await certificateOf(securePort)).toBe(fixture('server.pem').toString())
      await copyFile(fixturePath('renewed.jks'), keystore)
      await waggle.waitForLog(/hivemq-secure-mqtt: the key stores have changed and are used/)
      expect(await certificateOf(securePort)).toBe(fixture('renewed.pem').toString())
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('that cannot be used keep the broker from starting: every one is named, with what to do, no password is', async () => {
    const listener = (port: number, stores: Stores, password: string): string =>
      umhConfig(1, port, stores)
        .replaceAll(PASSWORD, password)
        .match(/<tls-tcp-listener>[^]*<\/tls-tcp-listener>/)![0]
        .replace('hivemq-secure-mqtt', `secure-${port}`)
    const missing = { keystore: '/none/keystore.jks', keyPassword: 'x', truststore: fixturePath('server.key') }
    const listeners = listener(1111, missing, PASSWORD) + listener(1112, STORES[1]!, 'open-sesame')
    await using waggle = await WaggleProcess.launch(`<hivemq><listeners>${listeners}</listeners></hivemq>`)
    expect(await waggle.exitCode()).toBe(1)
    const errors = waggle.log.split('\n').filter((line) => line.includes('ERROR'))
    const complaints = [
      'Could not set up TLS for secure-1111: /none/keystore.jks: there is no such file. Check the path, and the mounted secret.',
      `Could not set up TLS for secure-1111: ${missing.truststore}: these are PEM texts. A JKS or PKCS#12 store is needed here.`,
      `Could not set up TLS for secure-1112: ${STORES[1]!.keystore}: the password does not fit, or the file is damaged. Check the password of the store.`,
      `Could not set up TLS for secure-1112: ${STORES[1]!.truststore}: the password does not fit, or the file is damaged. Check the password of the store.`,
    ]
    expect(errors.map((line) => line.slice(line.indexOf('- ') + 2)).toSorted()).toEqual(complaints.toSorted())
    expect(waggle.log).not.toContain('open-sesame')
    expect(waggle.log).not.toContain('There is no store in')
  })
})
