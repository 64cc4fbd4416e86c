// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, '../test/fixtures/tls')

/** The same for all brokers: RSA with 2048 bits, as keytool makes it. */
export const CERTIFICATE: string = join(FOLDER, 'server.pem')
export const PRIVATE_KEY: string = join(FOLDER, 'server.key')
/** Both, as Waggle's users have them. */
export const KEY_STORE: string = join(FOLDER, 'server-pbes2.jks')
export const KEY_STORE_PASSWORD = 'changeme'
