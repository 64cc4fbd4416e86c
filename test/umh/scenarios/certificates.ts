// SPDX-License-Identifier: Apache-2.0
import { configXml } from '../../deploy/umh-objects.ts'
import { fixture, UMH_SUITES } from '../../support/tls/fixtures.ts'
import type { Findings } from '../findings.ts'
import type { BrokerPod } from '../stack/broker-pod.ts'
import { Release } from '../stack/release.ts'
import { waitUntil } from '../stack/wait-until.ts'
import { CHART_0_15 } from '../stack/chart-version.ts'
import { connects, StackClient, withCertificate } from '../stack/connect.ts'
import { handshake } from '../stack/handshake.ts'
import type { Scenario } from './scenario.ts'

/** Stores as UMH's charts have brought them, and as users make them by the PKI guide. */
const KINDS: readonly (readonly [kind: string, keystore: string, truststore: string])[] = [
  ['PKCS#12 with RC2-40 and 3DES, as to 0.15.0', 'server-rc2.jks', 'trust-rc2.jks'],
  ['PKCS#12 with AES-256, as since 0.16.0', 'server-pbes2.jks', 'trust-pbes2.jks'],
  ['JKS of an older keytool', 'server-chain-jks.jks', 'trust-jks.jks'],
]

/** The names of OpenSSL. */
const SUITES: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
  TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA',
  TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA',
}

export const certificates: Scenario = {
  title: 'certificates, and their renewal',
  points: [13, 14, 15, 16],
  async run(findings, root) {
    for (const [kind, keystore, truststore] of KINDS) {
      using release = new Release(root, CHART_0_15, configXml('REQUIRED'))
      release.keystores.update(stores(keystore, truststore))
      await using pod = await release.startPod()
      await pod.ready()
      await seeKind(findings, pod, kind)
      if (keystore === 'server-pbes2.jks') {
        await seeSuites(findings, pod.address, 'RSA')
        await seeRenewal(findings, release, pod)
        await seeSuites(findings, pod.address, 'ECDSA')
      }
      await pod.stop()
    }
  },
}

const EXPIRED = /WARN.*client-expired.*expired on/

function stores(keystore: string, truststore: string): Record<string, Buffer> {
  return { 'keystore.jks': fixture(keystore), 'truststore.jks': fixture(truststore) }
}

async function seeKind(findings: Findings, pod: BrokerPod, kind: string): Promise<void> {
  const url = `mqtts://${pod.address}:8883`
  await findings.look(15, kind, async () => {
    const expired = await connects(url, withCertificate('client-expired'))
    await pod.waitForLog(EXPIRED)
    const warnings = pod.lines(EXPIRED)
    return [
      expired && warnings.length === 1,
      `opens; an expired pinned client is let in: ${expired}, ${warnings.length} WARN`,
    ]
  })
  await findings.look(14, `REQUIRED, ${kind}`, async () => {
    const none = await connects(url, { rejectUnauthorized: false })
    const foreign = await connects(url, withCertificate('client-foreign'))
    const pinned = await connects(url, withCertificate('client-pinned'))
    return [!none && !foreign && pinned, `without ${none}, unknown ${foreign}, pinned ${pinned}`]
  })
}

async function seeSuites(findings: Findings, address: string, kind: 'RSA' | 'ECDSA'): Promise<void> {
  const suites = UMH_SUITES.filter((suite) => suite.includes('ECDSA') === (kind === 'ECDSA'))
  await findings.look(13, `TLS 1.2, ${kind} certificate`, async () => {
    const missing: string[] = []
    for (const suite of suites) {
      const { cipher } = await handshake(address, { ciphers: SUITES[suite]!, maxVersion: 'TLSv1.2' })
      if (cipher !== SUITES[suite]) missing.push(suite)
    }
    return [missing.length === 0, `${suites.length - missing.length} of ${suites.length} suites ${missing.join(', ')}`]
  })
  await findings.look(13, `newest version, ${kind} certificate`, async () => {
    const { protocol, cipher } = await handshake(address)
    return [protocol === 'TLSv1.3', `${protocol} ${cipher}`]
  })
  if (kind === 'RSA') {
    await findings.look(13, '1883', async () => [await connects(`mqtt://${address}`), 'plain'])
    await findings.look(13, 'TLS 1.1', async () => {
      const { protocol } = await handshake(address, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' })
      return [protocol === null, protocol === null ? 'refused' : protocol]
    })
  }
}

/** The kubelet brings a changed Secret to the files within a minute; from then on it is up to the broker, which looks every 10 s. */
const LOOK_MS = 12_000

async function seeRenewal(findings: Findings, release: Release, pod: BrokerPod): Promise<void> {
  const { address } = pod
  await using before = await StackClient.connect(`mqtts://${address}:8883`, withCertificate('client-pinned'))
  const old = (await handshake(address)).fingerprint
  const isAnother = async (): Promise<boolean> => (await handshake(address)).fingerprint !== old

  await findings.look(16, 'a broken Secret', async () => {
    release.keystores.update({ 'keystore.jks': Buffer.from('no key store'), 'truststore.jks': Buffer.from('nor this') })
    const ms = await pod.waitForLog(/(?:WARN|ERROR).*keystore\.jks/, LOOK_MS)
    const pinned = await connects(`mqtts://${address}:8883`, withCertificate('client-pinned'))
    return [
      pinned && !(await isAnother()),
      `told after ${(ms / 1000).toFixed(1)} s; the old certificate remains in use`,
    ]
  })
  await findings.look(16, 'a renewed one, with another trust store', async () => {
    release.keystores.update(stores('server-ec.jks', 'trust-openssl.jks'))
    const ms = await waitUntil(isAnother, LOOK_MS, () => 'the old certificate is still in use')
    const expired = await connects(`mqtts://${address}:8883`, withCertificate('client-expired'))
    return [
      before.losses === 0 && !expired,
      `new certificate after ${(ms / 1000).toFixed(1)} s, an unlisted client is refused, who was connected still is`,
    ]
  })
}
