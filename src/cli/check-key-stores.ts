// SPDX-License-Identifier: Apache-2.0
import { type Complaint, DOES_NOT_START, WHOLE_FILE } from '../config/complaint.ts'
import type { EffectiveSetting } from '../config/effective-setting.ts'
import type { ListenerConfig } from '../config/listener-config.ts'
import { ADDITION, TLS } from '../config/listener-elements.ts'
import type { ConfigReading } from '../config/parse-config.ts'
import { checkTls, type TlsFinding } from '../tls/check-tls.ts'
import { systemClock } from '../util/clock.ts'

/** What is wrong with the TLS of all listeners, as complaints of the elements that ask for it. */
export async function checkKeyStores({ file, config, effective }: ConfigReading): Promise<readonly Complaint[]> {
  const now = systemClock.wallTime()
  const complaints = (config?.listeners ?? []).map(async ({ name, tls }) => {
    if (tls === null) return []
    const settings = settingsOf(name, effective)
    return (await checkTls(tls, now)).map((finding) => complaintOf(finding, file, settings))
  })
  return (await Promise.all(complaints)).flat()
}

/** Those of a listener, also the ones that `waggle/listeners` adds. */
function settingsOf(name: ListenerConfig['name'], effective: readonly EffectiveSetting[]): EffectiveSetting[] {
  return effective.filter(({ path }) => path.includes(`listener[${name}]/`))
}

function complaintOf(finding: TlsFinding, file: string, settings: readonly EffectiveSetting[]): Complaint {
  const { severity, about, found, advice } = finding
  const setting = settings.find((candidate) => isAbout(candidate, about)) ?? settings[0]
  const consequence = severity === 'error' ? `${DOES_NOT_START}. ${advice}` : advice
  const path = setting?.path.replace(/\[.*\]/, '') ?? ''
  return { severity, file, ...(setting?.place ?? WHOLE_FILE), path, found, expected: '', consequence }
}

function isAbout({ path, value }: EffectiveSetting, about: TlsFinding['about']): boolean {
  if (about === null) return false
  if (about === 'protocols') return path.endsWith(`/${TLS.protocols.path}/${TLS.protocols.item}`)
  if (about === 'cipher-suites') return path.endsWith(`/${TLS.cipherSuites.path}/${TLS.cipherSuites.item}`)
  return value === about.file && FILES.some((element) => path.endsWith(`/${element}`))
}

const FILES: readonly string[] = [
  TLS.keystorePath,
  TLS.truststorePath,
  ADDITION.certificate,
  ADDITION.privateKey,
  ADDITION.trustedCertificates,
  ADDITION.certificateRevocationList,
].map(({ path }) => path)
