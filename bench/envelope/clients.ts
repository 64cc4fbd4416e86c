// SPDX-License-Identifier: Apache-2.0
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import type { Connection } from '../load/connection.ts'
import { useWire } from '../load/connection.ts'
import { inParallel } from '../load/crowd.ts'
import { establish } from '../load/handshake.ts'

// A process of its own, outside the control groups of the broker: clients with TLS that connect and then do nothing. Says how many
// are there when all have come, or why not, and goes with its parent.

const [port, count] = process.argv.slice(2).map(Number)
const connections: Connection[] = []
let loss: string | null = null

process.on('disconnect', () => process.exit(0))
process.on('message', () => process.send!({ connected: connections.length, loss }))

useWire('tls')
try {
  await inParallel(count!, async (index) => {
    const { connection } = await establish(port!, `envelope-${index}`, ProtocolVersion.V3_1_1)
    connections.push(connection)
    connection.onLost = (reason) => (loss ??= reason)
  })
} catch (error) {
  loss = (error as Error).message
}
process.send!({ connected: connections.length, loss })
