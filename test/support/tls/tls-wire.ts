// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { connect, createSecureContext } from 'node:tls'
import { TlsAcceptor } from '../../../src/net/tls-acceptor.ts'
import { SocketStream } from '../script/socket-stream.ts'
import type { TimerWheel } from '../../../src/util/timer-wheel.ts'
import type { Wire } from '../script/tcp-target.ts'
import { credentials, fixture } from './fixtures.ts'

// One context for all scripts: they are about what comes after the handshake.
const SERVER = createSecureContext({ ...credentials('server-ec'), sessionIdContext: 'scripts' })
const CLIENT = createSecureContext({ ca: fixture('server-ec.pem') })

const TERMS = {
  secureContext: SERVER,
  clientAuthentication: 'NONE',
  handshakeTimeout: 10_000,
  refusalOf: () => null,
} as const

export function newTlsAcceptor(wheel: TimerWheel): TlsAcceptor {
  return new TlsAcceptor({ current: TERMS }, wheel, () => undefined)
}

/** Scripts within TLS. */
export const tlsWire: Wire = {
  stages: ({ wheel }) => ({ tls: newTlsAcceptor(wheel) }),
  open: async (port) => {
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', secureContext: CLIENT })
    socket.setNoDelay(true)
    await once(socket, 'secureConnect')
    return new SocketStream(socket)
  },
}
