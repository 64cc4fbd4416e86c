// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { PacketType } from '../../src/codec/packet-type.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient } from '../support/memory-client.ts'
import { strictLogger } from '../support/strict-logger.ts'

it('C-12: the log says that the connection limit is near, and that it is reached, once a minute', async () => {
  const log: string[] = []
  const broker = await MemoryBroker.start({
    settings: { maxConnections: 10 },
    logger: { ...strictLogger, warn: (text) => log.push(text) },
  })
  let last = 0
  const connect = (count: number): MemoryClient[] =>
    Array.from({ length: count }, () => MemoryClient.connect(broker, `client ${++last}`))
  const clients = connect(8)
  expect(log).toEqual([])
  clients.push(...connect(2))
  const near = 'The limit of 10 connections is nearly reached: 9 are open.'
  expect(log).toEqual([near])
  const reached = 'The limit of 10 connections is reached: new ones are refused.'
  for (let i = 0; i < 5; i++) {
    const refused = MemoryClient.open(broker, 'refused')
    expect(refused.takeFirst(PacketType.CONNACK)).toMatchObject({ reasonCode: 0x97 })
    refused.drop()
  }
  expect(log).toEqual([near, reached])
  broker.advance(60_000)
  MemoryClient.open(broker, 'refused').drop()
  clients.pop()!.drop()
  connect(1)
  expect(log).toEqual([near, reached, reached, near.replace('9', '10')])
})
