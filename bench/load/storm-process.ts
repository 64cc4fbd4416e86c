// SPDX-License-Identifier: Apache-2.0
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { useWire } from './connection.ts'
import { establish } from './handshake.ts'
import { stormClientId, useLogins } from './login.ts'

// The clients of a login storm: a process of its own, so that what it does is not taken for latency of the traffic. It says when
// it is loaded, is told a port and a range of clients, and answers when all of them have been let in, or with what is wrong.

/** Sockets that are opened in one turn. All of them within a fraction of a second, as when a broker has come back. */
const PER_TURN = 50

export interface StormOrder {
  readonly port: number
  readonly from: number
  readonly count: number
}

export interface StormAnswer {
  readonly fault: string | null
}

process.on('message', (order: StormOrder) => {
  void storm(order).then((answer) => process.send!(answer))
})
process.on('disconnect', () => process.exit(0))
process.send!('loaded')

async function storm({ port, from, count }: StormOrder): Promise<StormAnswer> {
  useWire('tcp')
  useLogins(true)
  const logins: Promise<unknown>[] = []
  for (let i = 0; i < count; i++) {
    logins.push(establish(port, stormClientId(from + i), ProtocolVersion.V3_1_1))
    if (i % PER_TURN === PER_TURN - 1) await new Promise(setImmediate)
  }
  const failure = (await Promise.allSettled(logins)).find(({ status }) => status === 'rejected')
  return { fault: failure === undefined ? null : String((failure as PromiseRejectedResult).reason) }
}
