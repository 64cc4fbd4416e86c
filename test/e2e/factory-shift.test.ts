// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { playShift } from '../support/factory.ts'
import { WaggleProcess } from '../support/waggle-process.ts'

it('carries a shift of a factory: all that was sent arrives, nothing twice', async () => {
  // HiveMQ's default of 1000 queued messages is not enough for a bridge that is slower than 200 machines together; UMH
  // configures 1 800 000.
  const queue = '<queued-messages><max-queue-size>1800000</max-queue-size></queued-messages>'
  await using waggle = await WaggleProcess.start(`<mqtt>${queue}</mqtt>`)
  const report = await playShift({ port: waggle.port, machines: 200, messagesPerMachine: 100 })
  const rate = Math.round(report.sent / report.seconds)
  console.log(`sent ${report.sent}, received ${report.received}, duplicates ${report.duplicates}, ${rate} messages/s`)
  expect(report).toMatchObject({ sent: 20_000, received: 20_000, duplicates: 0 })
  expect(await waggle.stop()).toBe(0)
  // Among others that the books of deliveries balance.
  expect(waggle.log).not.toContain('ERROR')
})
