// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { cpSync, mkdtempSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Socket } from 'node:net'
import { type ConnectionOptions, type TLSSocket } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { registerWaggleMetrics } from '../../src/broker/waggle-metrics.ts'
import { MetricRegistry } from '../../src/metrics/metric-registry.ts'
import type { TlsSettings } from '../../src/tls/tls-settings.ts'
import {
  credentials,
  fixture,
  fixturePath,
  keystore,
  PASSWORD,
  tlsSettings,
  truststore,
  UMH_SUITES,
} from '../support/tls/fixtures.ts'
import { answerTo, PINGREQ, PINGRESP, TlsBroker } from '../support/tls/tls-broker.ts'

/** `SSLContext.getDefault().getDefaultSSLParameters().getCipherSuites()` of Java 17. */
const JAVA_17_SUITES = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_DHE_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_DHE_DSS_WITH_AES_256_GCM_SHA384',
  'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_DHE_DSS_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384',
  'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384',
  'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256',
  'TLS_DHE_RSA_WITH_AES_256_CBC_SHA256',
  'TLS_DHE_DSS_WITH_AES_256_CBC_SHA256',
  'TLS_DHE_RSA_WITH_AES_128_CBC_SHA256',
  'TLS_DHE_DSS_WITH_AES_128_CBC_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA',
  'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA',
  'TLS_DHE_RSA_WITH_AES_256_CBC_SHA',
  'TLS_DHE_DSS_WITH_AES_256_CBC_SHA',
  'TLS_DHE_RSA_WITH_AES_128_CBC_SHA',
  'TLS_DHE_DSS_WITH_AES_128_CBC_SHA',
  'TLS_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_RSA_WITH_AES_256_CBC_SHA256',
  'TLS_RSA_WITH_AES_128_CBC_SHA256',
  'TLS_RSA_WITH_AES_256_CBC_SHA',
  'TLS_RSA_WITH_AES_128_CBC_SHA',
  'TLS_EMPTY_RENEGOTIATION_INFO_SCSV',
]

function trusting(mode: TlsSettings['clientAuthenticationMode'], changes: Partial<TlsSettings> = {}): TlsSettings {
  return tlsSettings({ clientAuthenticationMode: mode, truststore: truststore('trust-jks.jks'), ...changes })
}

/** Waits for the end of a connection. */
function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve()
    else socket.resume().once('close', () => resolve())
  })
}

function serverOf(socket: TLSSocket): string {
  return Buffer.from(socket.getPeerX509Certificate()!.raw).toString('base64')
}

function bytesOf(name: string): string {
  return fixture(name)
    .toString()
    .replaceAll(/-----.*-----|\s/g, '')
}

describe('client certificates', () => {
  const CLIENTS: readonly (readonly [name: string | null, none: boolean, optional: boolean, required: boolean])[] = [
    [null, true, true, false],
    ['client-pinned', true, true, true],
    ['client-issued', true, true, true],
    // The trust store has these very certificates, which is all that Java asks for.
    ['client-expired', true, true, true],
    ['client-future', true, true, true],
    ['client-foreign', true, false, false],
    // Signed by one that is trusted, but is no authority.
    ['client-revoked', true, false, false],
  ]

  it.each(['NONE', 'OPTIONAL', 'REQUIRED'] as const)('%s', async (mode) => {
    const certificateRevocationList = fixturePath('revoked.crl')
    await using broker = await TlsBroker.start(trusting(mode, { certificateRevocationList }))
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      for (const [name, none, optional, required] of CLIENTS) {
        const options = { ...(name === null ? {} : credentials(name)), minVersion: version, maxVersion: version }
        const expected = { NONE: none, OPTIONAL: optional, REQUIRED: required }[mode]
        const outcome = await broker.connack(options)
        expect([version, name, outcome]).toEqual([version, name, expected ? 'connected' : 'refused'])
      }
    }
    // An expired certificate is said once, however often its client comes.
    const warnings = broker.log.filter((line) => line.startsWith('WARN'))
    expect(warnings).toHaveLength(mode === 'NONE' ? 0 : 2)
    if (mode !== 'NONE') {
      expect(warnings[0]).toMatch(
        /CN=client-expired expired on Oct 28 .* 2019.*the trust store has this very certificate/,
      )
      expect(warnings[1]).toMatch(/CN=client-future is not valid before Jan {2}1 .* 2090/)
      expect(await broker.logged(/refused: the certificate CN=client-revoked is revoked/)).toContain('DEBUG')
      expect(await broker.logged(/refused: the certificate CN=client-foreign is not trusted/)).toContain('DEBUG')
    }
  })

  it('that are missing fail the handshake itself with REQUIRED', async () => {
    await using broker = await TlsBroker.start(trusting('REQUIRED'))
    const socket = broker.dial({ maxVersion: 'TLSv1.2' })
    const [error] = (await once(socket, 'error')) as [Error]
    expect(error.message).toMatch(/handshake failure/)
  })

  it('that are not trusted get no alert, which the runtime cannot send: should it learn to, docs/tls.md has to be changed', async () => {
    await using broker = await TlsBroker.start(trusting('REQUIRED'))
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = broker.dial({ ...credentials('client-foreign'), minVersion: version, maxVersion: version })
      let message = ''
      socket.once('error', (error) => (message = error.message))
      await ended(socket)
      expect(message).not.toMatch(/alert/i)
    }
  })

  it('are trusted by their bytes: the same name and key in another certificate is another client', async () => {
    // The foreign one has the name of an anchor in this store, and nothing else of it.
    const settings = trusting('REQUIRED', { truststore: truststore('server-pbes2.jks') })
    await using broker = await TlsBroker.start(settings)
    expect(await broker.connack(credentials('renewed'))).toBe('refused')
    expect(await broker.connack(credentials('server'))).toBe('connected')
  })

  it('without anything to trust have to be of a public authority', async () => {
    await using broker = await TlsBroker.start(tlsSettings({ clientAuthenticationMode: 'OPTIONAL' }))
    expect(await broker.connack()).toBe('connected')
    expect(await broker.connack(credentials('client-pinned'))).toBe('refused')
    expect(await broker.connack(credentials('client-issued'))).toBe('refused')
  })

  it('and what the handshake brought can be seen by whoever decides about clients', async () => {
    await using broker = await TlsBroker.start(trusting('OPTIONAL'))
    await broker.client({ ...credentials('client-issued'), servername: 'localhost', maxVersion: 'TLSv1.2' })
    await broker.client({ servername: '' })
    const [first, second] = broker.peers
    expect(first!.tls).toMatchObject({
      protocol: 'TLSv1.2',
      cipherSuite: 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
      serverName: 'localhost',
    })
    expect(first!.tls!.certificateChain.map(({ subject }) => subject)).toContain('CN=client-issued')
    expect(first!.listener.kind).toBe('tls-tcp')
    expect(second!.tls).toMatchObject({ protocol: 'TLSv1.3', serverName: undefined, certificateChain: [] })
  })
})

describe('sessions', () => {
  it.each(['OPTIONAL', 'REQUIRED'] as const)(
    'that are refused with %s leave no ticket to resume them',
    async (mode) => {
      await using broker = await TlsBroker.start(trusting(mode))
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
        const client = broker.dial({ ...credentials('client-foreign'), maxVersion })
        const sessions: Buffer[] = []
        client.on('session', (session: Buffer) => sessions.push(session))
        await ended(client)
        expect(sessions).toEqual([])
      }
      expect(broker.log.filter((line) => /client-foreign is not trusted/.test(line))).toHaveLength(2)
    },
  )

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'of %s are resumed with the certificate that they began with',
    async (version) => {
      await using broker = await TlsBroker.start(trusting('REQUIRED'))
      const first = broker.dial({ ...credentials('client-expired'), maxVersion: version })
      const [session] = (await once(first, 'session')) as [Buffer]
      const second = await broker.client({ session, maxVersion: version })
      expect(second.isSessionReused()).toBe(true)
      expect(broker.peers.at(-1)!.tls!.certificateChain[0]!.subject).toBe('CN=client-expired')
    },
  )
})

describe('protocols and cipher suites', () => {
  it("Java's default list is taken as it is, but for DSS, and each of its suites connects", async () => {
    await using rsa = await TlsBroker.start(tlsSettings({ cipherSuites: JAVA_17_SUITES }))
    await using ec = await TlsBroker.start(
      tlsSettings({ cipherSuites: JAVA_17_SUITES, keystore: keystore('server-ec.jks') }),
    )
    const unknown = JAVA_17_SUITES.filter((name) => name.includes('DSS'))
    expect(await rsa.logged(/Unknown/)).toBe(`WARN Unknown cipher suites for the listener: [${unknown.join(', ')}]`)
    const known = JAVA_17_SUITES.filter((name) => !unknown.includes(name) && !name.endsWith('SCSV'))
    expect(known).toHaveLength(30)
    for (const name of known) {
      const broker = name.includes('ECDSA') ? ec : rsa
      const isTls13 = !name.includes('_WITH_')
      const ciphers = isTls13
        ? name
        : name
            .replace(/^TLS_(RSA_WITH_)?/, '')
            .replace(/_WITH_|_/g, '-')
            .replace(/AES-(\d+)-(CBC-)?/, 'AES$1-')
            .replace(/(POLY1305)-SHA256/, '$1')
      const client = await broker.client(isTls13 ? { ciphers } : { ciphers, maxVersion: 'TLSv1.2' })
      expect(client.getCipher().standardName).toBe(name)
    }
  })

  it("UMH's eight suites work with TLS 1.2, and TLS 1.3 is added and said", async () => {
    const changes = { protocols: ['TLSv1.3', 'TLSv1.2'], cipherSuites: UMH_SUITES }
    await using rsa = await TlsBroker.start(tlsSettings(changes))
    await using ec = await TlsBroker.start(tlsSettings({ ...changes, keystore: keystore('server-ec.jks') }))
    const openSsl =
      'ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-RSA-AES128-GCM-SHA256 ECDHE-RSA-AES128-SHA ECDHE-RSA-AES256-SHA AES128-GCM-SHA256 AES128-SHA AES256-SHA'
    for (const [index, ciphers] of openSsl.split(' ').entries()) {
      const broker = ciphers.includes('ECDSA') ? ec : rsa
      const client = await broker.client({ ciphers, maxVersion: 'TLSv1.2' })
      expect(client.getCipher().standardName).toBe(UMH_SUITES[index])
    }
    expect((await rsa.client()).getProtocol()).toBe('TLSv1.3')
    expect(await rsa.logged(/its suites are added/)).toContain('INFO')
    expect(await rsa.logged(/Enabled protocols for/)).toBe(
      'INFO Enabled protocols for the listener: [TLSv1.3, TLSv1.2]',
    )
    expect(await rsa.logged(/Enabled cipher suites for/)).toContain(UMH_SUITES.join(', '))
  })

  it('those that are unknown are left out and named', async () => {
    const cipherSuites = ['TLS_RSA_WITH_AES_128_CBC_SHA', 'SSL_RSA_WITH_3DES_EDE_CBC_SHA', 'TLS_KRB5_WITH_DES_CBC_SHA']
    await using broker = await TlsBroker.start(tlsSettings({ cipherSuites, protocols: ['TLSv1.2', 'TLSv1'] }))
    expect(await broker.logged(/Unknown cipher suites/)).toBe(
      'WARN Unknown cipher suites for the listener: [SSL_RSA_WITH_3DES_EDE_CBC_SHA, TLS_KRB5_WITH_DES_CBC_SHA]',
    )
    expect(await broker.logged(/too old/)).toContain('WARN Protocols that are too old to be safe')
    expect(await broker.connack({ minVersion: 'TLSv1.3' })).toBe('refused')
    expect(await broker.connack({ ciphers: 'AES128-SHA' })).toBe('connected')
  })

  it('TLS 1.3 alone is enough, by its protocol or by its suites', async () => {
    for (const changes of [{ protocols: ['TLSv1.3'] }, { cipherSuites: ['TLS_AES_128_GCM_SHA256'] }]) {
      await using broker = await TlsBroker.start(tlsSettings(changes))
      expect((await broker.client()).getCipher().standardName).toMatch(/^TLS_AES_/)
      expect(await broker.connack({ maxVersion: 'TLSv1.2' })).toBe('refused')
    }
  })

  it('the order is the server’s unless the client’s is asked for', async () => {
    const client: ConnectionOptions = { ciphers: 'AES256-SHA:AES128-SHA', maxVersion: 'TLSv1.2' }
    const cipherSuites = ['TLS_RSA_WITH_AES_128_CBC_SHA', 'TLS_RSA_WITH_AES_256_CBC_SHA']
    for (const [preferServerCipherSuites, expected] of [
      [true, 'AES128-SHA'],
      [null, 'AES128-SHA'],
      [false, 'AES256-SHA'],
    ] as const) {
      await using broker = await TlsBroker.start(tlsSettings({ cipherSuites, preferServerCipherSuites }))
      expect((await broker.client(client)).getCipher().name).toBe(expected)
    }
  })

  it.each([
    [{ protocols: ['TLSv1.4'] }, 'there is no protocol TLSv1.4'],
    [{ protocols: ['TLSv1.1', 'TLSv1'] }, 'TLSv1.1, TLSv1 is too old to be safe'],
    [{ cipherSuites: ['TLS_NONE'], protocols: ['TLSv1.2'] }, 'none of the cipher suites can be used with TLSv1.2'],
  ])('%j cannot be', async (changes, reason) => {
    await expect(TlsBroker.start(tlsSettings(changes))).rejects.toThrow(reason)
  })
})

describe('bad clients', () => {
  it('that stall in the handshake are let go in time, with a byte now and then, too', async () => {
    await using broker = await TlsBroker.start(tlsSettings({ handshakeTimeout: 10_000 }))
    const silent = await broker.dialPlain()
    const slow = await broker.dialPlain()
    // The head of a record of 512 bytes.
    for (const byte of [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00]) {
      slow.write(Buffer.from([byte]))
      await broker.connack()
      broker.clock.advance(1_400)
    }
    broker.clock.advance(400)
    await Promise.all([ended(silent), ended(slow)])
    expect(await broker.logged(/refused/)).toBe(
      'DEBUG 127.0.0.1 refused: TLS handshake not finished in time (10000 ms)',
    )
    expect(broker.broker.metrics.failedTlsHandshakes).toBe(2)
  })

  it('may take their time where there is no limit', async () => {
    await using broker = await TlsBroker.start(tlsSettings({ handshakeTimeout: 0 }))
    const silent = await broker.dialPlain()
    await broker.connack()
    broker.clock.advance(3_600_000)
    await broker.connack()
    expect(silent.destroyed).toBe(false)
  })

  it('that finish the handshake and say nothing meet the timeout of CONNECT', async () => {
    await using broker = await TlsBroker.start(tlsSettings())
    const socket = broker.dial({})
    await once(socket, 'secureConnect')
    await broker.connack()
    broker.clock.advance(10_100)
    await ended(socket)
    expect(broker.broker.metrics.failedTlsHandshakes).toBe(0)
  })

  it.each([
    ['MQTT without TLS', Buffer.from('100f00044d5154540402003c000375736500', 'hex')],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a ClientHello that is none', Buffer.from('1603010005ffffffffff', 'hex')],
    ['a record of 64 kB', Buffer.concat([Buffer.from('160301ffff', 'hex'), Buffer.alloc(65_535)])],
  ])('that speak %s are closed, and others are served', async (_, bytes) => {
    await using broker = await TlsBroker.start(tlsSettings())
    const socket = await broker.dialPlain()
    socket.write(bytes)
    await ended(socket)
    expect(await broker.logged(/refused: TLS handshake failed/)).toContain('DEBUG')
    expect(await broker.connack()).toBe('connected')
    expect(broker.log.filter((line) => /^(WARN|ERROR)/.test(line))).toEqual([])
  })

  it('that renegotiate are refused, and stay if they bear it', async () => {
    await using broker = await TlsBroker.start(tlsSettings())
    const client = await broker.client({ maxVersion: 'TLSv1.2' })
    const error = await new Promise<Error | null>((resolve) => {
      client.once('error', resolve)
      client.renegotiate({}, resolve)
    })
    expect(error?.message).toMatch(/no renegotiation/i)
  })

  it('that break a record after the handshake are closed', async () => {
    await using broker = await TlsBroker.start(tlsSettings())
    const socket = await broker.dialPlain()
    const client = broker.dial({ socket })
    await once(client, 'secureConnect')
    await answerTo(client, Buffer.from('101000044d5154540502003c000003757365', 'hex'))
    socket.write(Buffer.concat([Buffer.from('1703030020', 'hex'), Buffer.alloc(32, 7)]))
    await ended(socket)
    await broker.logged(/Client .* at 127\.0\.0\.1/)
    expect(broker.broker.connections.size).toBe(0)
  })

  it('that go without a word are gone here, too', async () => {
    await using broker = await TlsBroker.start(tlsSettings())
    const socket = await broker.dialPlain()
    const client = broker.dial({ socket })
    await once(client, 'secureConnect')
    // The end of TCP without the end of TLS.
    socket.end()
    await ended(socket)
    expect(await broker.connack()).toBe('connected')
    expect(broker.log.some((line) => line.startsWith('ERROR'))).toBe(false)
  })
})

describe('files that change', () => {
  /** Stores as Kubernetes mounts them: names lead through `..data` to the folder of a version. */
  class Secret implements Disposable {
    readonly folder: string = mkdtempSync(join(tmpdir(), 'waggle-tls-'))
    #version = 0

    constructor(files: Readonly<Record<string, string>>) {
      this.change(files)
      for (const name of Object.keys(files)) symlinkSync(join('..data', name), join(this.folder, name))
    }

    path(name: string): string {
      return join(this.folder, name)
    }

    change(files: Readonly<Record<string, string>>): void {
      const version = `..version-${++this.#version}`
      for (const [name, source] of Object.entries(files)) {
        cpSync(fixturePath(source), join(this.folder, version, name))
      }
      symlinkSync(version, join(this.folder, '..data_tmp'))
      renameSync(join(this.folder, '..data_tmp'), join(this.folder, '..data'))
    }

    [Symbol.dispose](): void {
      rmSync(this.folder, { recursive: true })
    }
  }

  const BEFORE = { 'keystore.jks': 'server-pbes2.jks', 'truststore.jks': 'trust-pbes2.jks' }
  const AFTER = { 'keystore.jks': 'renewed.jks', 'truststore.jks': 'trust-openssl.jks' }

  function settingsFor(secret: Secret): TlsSettings {
    return tlsSettings({
      keystore: { path: secret.path('keystore.jks'), password: PASSWORD, privateKeyPassword: PASSWORD },
      truststore: { path: secret.path('truststore.jks'), password: PASSWORD },
      clientAuthenticationMode: 'REQUIRED',
    })
  }

  it('are used for the next client within ten seconds, and for nobody before', async () => {
    using secret = new Secret(BEFORE)
    await using broker = await TlsBroker.start(settingsFor(secret))
    broker.context.follow(broker.broker.wheel)
    const options = credentials('client-pinned')
    const old = await broker.client(options)
    expect(serverOf(old)).toBe(bytesOf('server.pem'))
    secret.change(AFTER)
    broker.clock.advance(10_000)
    await broker.logged(/the key stores have changed and are used/)
    expect(serverOf(await broker.client(options))).toBe(bytesOf('renewed.pem'))
    // The trust store has changed with it.
    expect(await broker.connack(credentials('client-issued'))).toBe('refused')
    expect(await answerTo(old, PINGREQ)).toEqual(PINGRESP)
  })

  it('end the sessions that could be resumed', async () => {
    using secret = new Secret(BEFORE)
    await using broker = await TlsBroker.start(settingsFor(secret))
    const first = broker.dial({ ...credentials('client-issued'), maxVersion: 'TLSv1.2' })
    const [session] = (await once(first, 'session')) as [Buffer]
    secret.change(AFTER)
    await broker.context.reload()
    expect(await broker.connack({ ...credentials('client-issued'), session, maxVersion: 'TLSv1.2' })).toBe('refused')
  })

  it('and cannot be read leave everything as it was, with one warning', async () => {
    using secret = new Secret(BEFORE)
    await using broker = await TlsBroker.start(settingsFor(secret))
    const options = credentials('client-pinned')
    const warnings = (): string[] => broker.log.filter((line) => line.startsWith('WARN secure: '))

    truncateSync(secret.path('keystore.jks'), 1000)
    await broker.context.reload()
    await broker.context.reload()
    expect(warnings()).toHaveLength(1)
    expect(warnings()[0]).toContain(`${secret.path('keystore.jks')}: the file ends too early.`)
    expect(warnings()[0]).toContain('new connections get the certificates from before')

    secret.change({ ...BEFORE, 'keystore.jks': 'server-jks.jks' })
    await broker.context.reload()
    expect(warnings()[1]).toContain('the private key password does not open the key "server"')

    rmSync(secret.path('truststore.jks'))
    await broker.context.reload()
    expect(warnings()[2]).toContain(`${secret.path('truststore.jks')}: there is no such file.`)
    expect(serverOf(await broker.client(options))).toBe(bytesOf('server.pem'))

    writeFileSync(secret.path('truststore.jks'), fixture('trust-jks.jks'))
    secret.change(AFTER)
    await broker.context.reload()
    // The key store is wrong as before.
    expect(warnings()).toHaveLength(4)
    expect(serverOf(await broker.client(options))).toBe(bytesOf('renewed.pem'))
    expect(broker.log.join()).not.toContain(PASSWORD)
  })

  it('and are touched only are not read again', async () => {
    using secret = new Secret(BEFORE)
    await using broker = await TlsBroker.start(settingsFor(secret))
    const { current } = broker.context
    secret.change(BEFORE)
    await broker.context.reload()
    expect(broker.context.current).toBe(current)
  })
})

describe('the end of a certificate', () => {
  it('is said at start, and every day as it comes near, and counted down', async () => {
    await using broker = await TlsBroker.start(tlsSettings())
    const end = new Date(/until (.*)\.$/.exec(await broker.logged(/is valid for \d+ days/))![1]!).getTime()
    const day = 24 * 60 * 60 * 1000
    const registry = new MetricRegistry(broker.clock)
    registerWaggleMetrics(registry, broker.broker)
    const metric = [...registry.labelledMetrics].find(({ name }) => name === 'waggle_certificate_days_left')!
    expect([...metric.read()]).toEqual([
      { labels: { listener: 'secure' }, value: (end - broker.clock.wallTime()) / day },
    ])
    broker.clock.advance(end - broker.clock.wallTime() - 32.2 * day)
    broker.log.length = 0
    const lines: string[] = []
    for (let i = 0; i < 34; i++) {
      broker.clock.advance(day / 2)
      await broker.context.reload()
      broker.clock.advance(day / 2)
      await broker.context.reload()
      lines.push(...broker.log.splice(0).filter((line) => line.startsWith('WARN')))
    }
    expect(lines).toHaveLength(33)
    expect(lines[0]).toMatch(/The certificate CN=localhost of secure expires in 30 days, on /)
    expect(lines.at(-1)).toMatch(/expired on .*: clients that check it cannot connect/)
  })

  it('that has come already is no reason not to start', async () => {
    await using broker = await TlsBroker.start(tlsSettings({ keystore: keystore('server-expired.jks') }))
    expect(await broker.logged(/WARN .* expired on Oct 28 /)).toContain('CN=localhost')
    expect(await broker.connack()).toBe('connected')
  })
})

describe('revocation lists', () => {
  it('that are out of date are used, and said', async () => {
    const changes = { certificateRevocationList: fixturePath('outdated.crl') }
    await using broker = await TlsBroker.start(trusting('REQUIRED', changes))
    expect(await broker.logged(/should have been renewed on Fri, 01 Feb 2019/)).toContain('WARN')
    expect(await broker.connack(credentials('client-revoked'))).toBe('refused')
    expect(await broker.connack(credentials('client-issued'))).toBe('connected')
    expect(await broker.connack(credentials('client-pinned'))).toBe('connected')
  })
})
