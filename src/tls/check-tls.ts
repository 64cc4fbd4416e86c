// SPDX-License-Identifier: Apache-2.0
import { X509Certificate } from 'node:crypto'
import { ClientCheck, nameOf } from './client-check.ts'
import { chooseSuites } from './cipher-suites.ts'
import type { KeyMaterial } from './key-material.ts'
import { openKeyMaterial } from './open-key-material.ts'
import { chooseVersions, type VersionChoice } from './protocol-versions.ts'
import { readFiles } from './read-files.ts'
import { createTlsContext } from './tls-context.ts'
import { TlsFault } from './tls-fault.ts'
import { filesOf, type TlsSettings } from './tls-settings.ts'

const DAY_MS = 24 * 60 * 60 * 1000
/** As the broker says at its start. */
const WARN_DAYS = 30
const NO_CLIENTS = 'clients that check it cannot connect'

/** What an operator should know of the TLS of a listener before it is started. Never has a password in it. */
export interface TlsFinding {
  /** With an error the broker does not start. */
  readonly severity: 'error' | 'warning'
  /** A file, or one of the lists; null for the whole. */
  readonly about: { readonly file: string } | 'protocols' | 'cipher-suites' | null
  readonly found: string
  /** What to do, or what happens. */
  readonly advice: string
}

/** Opens everything as the start would, and keeps nothing. */
export async function checkTls(settings: TlsSettings, wallTime: number): Promise<readonly TlsFinding[]> {
  const findings: TlsFinding[] = []
  const versions = checkVersions(settings, findings)
  const suites = chooseSuites(settings.cipherSuites, versions?.enabled ?? ['TLSv1.3'])
  for (const name of suites.unknown) {
    findings.push({
      severity: 'warning',
      about: 'cipher-suites',
      found: `${name}, which does not exist`,
      advice: 'it is left out',
    })
  }
  if (versions !== undefined && suites.enabled.length === 0) {
    const found = `no cipher suite that can be used with ${versions.enabled.join(', ')}`
    findings.push({
      severity: 'error',
      about: 'cipher-suites',
      found,
      advice: 'Leave cipher-suites out for the defaults.',
    })
  }
  const material = await openKeyMaterial(settings, await readFiles(filesOf(settings)))
  if (Array.isArray(material)) return [...findings, ...material.map((fault) => ofFault(fault))]
  findings.push(...judge(settings, material, wallTime))
  if (findings.some(({ severity }) => severity === 'error')) return findings
  try {
    createTlsContext(
      settings,
      material,
      suites,
      new ClientCheck(
        material,
        () => wallTime,
        () => undefined,
      ),
    )
  } catch (error) {
    findings.push(ofFault(asFault(error)))
  }
  return findings
}

/** Anything else is a fault of ours. */
function asFault(error: unknown): TlsFault {
  if (error instanceof TlsFault) return error
  throw error
}

function checkVersions({ protocols }: TlsSettings, findings: TlsFinding[]): VersionChoice | undefined {
  try {
    const versions = chooseVersions(protocols)
    for (const name of versions.outdated) {
      const found = `${name}, which is too old to be safe`
      findings.push({ severity: 'warning', about: 'protocols', found, advice: 'it is not enabled' })
    }
    return versions
  } catch (error) {
    findings.push({ ...ofFault(asFault(error)), about: 'protocols' })
    return undefined
  }
}

function ofFault({ path, reason, advice }: TlsFault): TlsFinding {
  const found = path === null ? reason : `${path}: ${reason}`
  return { severity: 'error', about: path === null ? null : { file: path }, found, advice }
}

/** What can be opened and is not as it should be. */
function judge(settings: TlsSettings, { identities, revocations }: KeyMaterial, now: number): TlsFinding[] {
  const findings: TlsFinding[] = []
  const warn = (file: string | undefined, what: string, advice: string): void => {
    if (file !== undefined) findings.push({ severity: 'warning', about: { file }, found: `${file}: ${what}`, advice })
  }
  const file = settings.keystore?.path ?? settings.pem?.certificate
  for (const certificate of identities.map(({ chain }) => new X509Certificate(chain))) {
    const name = `the certificate ${nameOf(certificate)}`
    const days = Math.floor((certificate.validToDate.getTime() - now) / DAY_MS)
    if (days < 0) warn(file, `${name} expired on ${certificate.validTo}`, NO_CLIENTS)
    else if (certificate.validFromDate.getTime() > now) {
      warn(file, `${name} is not valid before ${certificate.validFrom}`, NO_CLIENTS)
    } else if (days <= WARN_DAYS) warn(file, `${name} expires in ${days} days`, 'renew it in time')
  }
  for (const { nextUpdate } of revocations) {
    if (nextUpdate === null || nextUpdate >= now) continue
    const what = `the revocation list should have been renewed on ${new Date(nextUpdate).toUTCString()}`
    warn(settings.certificateRevocationList ?? undefined, what, 'it is used as it is')
  }
  return findings
}
