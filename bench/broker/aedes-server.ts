// SPDX-License-Identifier: Apache-2.0
import { createServer, type Socket } from 'node:net'

// A process with aedes on the port that it is given.

interface AedesModule {
  readonly Aedes: { createBroker(): Promise<{ readonly handle: (socket: Socket) => void }> }
}

// Installed only where somebody wants to compare: the compiler must not look for it.
const moduleName: string = 'aedes'
const { Aedes } = (await import(moduleName)) as AedesModule
const broker = await Aedes.createBroker()
createServer({ noDelay: true }, broker.handle).listen({
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  backlog: 4096,
})
