// SPDX-License-Identifier: Apache-2.0
import { type ConnectionOptions, connect } from 'node:tls'
import { credentials } from '../../support/tls/fixtures.ts'

export interface Handshake {
  /** All null where there was none. */
  readonly protocol: string | null
  readonly cipher: string | null
  readonly fingerprint: string | null
}

/** Of a client that the trust stores name, at 8883. */
export async function handshake(host: string, options: ConnectionOptions = {}): Promise<Handshake> {
  const socket = connect({ host, port: 8883, rejectUnauthorized: false, ...credentials('client-pinned'), ...options })
  try {
    return await new Promise((resolve) => {
      socket.once('secureConnect', () =>
        resolve({
          protocol: socket.getProtocol(),
          cipher: socket.getCipher().name,
          fingerprint: socket.getPeerCertificate().fingerprint256,
        }),
      )
      socket.once('error', () => resolve({ protocol: null, cipher: null, fingerprint: null }))
    })
  } finally {
    socket.destroy()
  }
}
