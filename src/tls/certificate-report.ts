// SPDX-License-Identifier: Apache-2.0
import type { X509Certificate } from 'node:crypto'
import type { Logger } from '../broker/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Clock } from '../util/clock.ts'
import { nameOf } from './client-check.ts'

const DAY_MS = 24 * 60 * 60 * 1000
/** Time enough to renew a certificate by hand. */
const WARN_DAYS = 30

/** Says how long the certificates of a listener are valid: always of new ones, later only where it becomes urgent. */
export function reportCertificates(
  certificates: readonly X509Certificate[],
  listener: string,
  { clock, logger, metrics }: { clock: Clock; logger: Logger; metrics: Metrics },
  isNew: boolean,
): void {
  const now = clock.wallTime()
  const ends = certificates.map(({ validToDate }) => validToDate.getTime())
  metrics.certificateEnds.set(listener, Math.min(...ends))
  for (const certificate of certificates) {
    const name = nameOf(certificate)
    const days = Math.floor((certificate.validToDate.getTime() - now) / DAY_MS)
    const until = `The certificate ${name} of ${listener}`
    if (days < 0) logger.warn(`${until} expired on ${certificate.validTo}: clients that check it cannot connect.`)
    else if (certificate.validFromDate.getTime() > now) {
      logger.warn(`${until} is not valid before ${certificate.validFrom}: clients that check it cannot connect.`)
    } else if (days <= WARN_DAYS) logger.warn(`${until} expires in ${days} days, on ${certificate.validTo}.`)
    else if (isNew) logger.info(`${until} is valid for ${days} days, until ${certificate.validTo}.`)
  }
}
