// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A file of the ConfigMap `…-hivemqce-extension`. */
export function umhFile(name: 'credentials.xml' | 'heartbeat.xml' | 'prometheus.properties'): string {
  return readFileSync(join(import.meta.dirname, '../../fixtures/umh', name), 'utf8')
}
