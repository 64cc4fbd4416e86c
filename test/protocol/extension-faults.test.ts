// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { InvariantError } from '../../src/util/invariant.ts'
import { MemoryClient } from '../support/memory-client.ts'
import { startWithServices } from '../support/serving-extension.ts'

describe('faults that nobody has caught', () => {
  it('are an extension’s where it was at work, and else the broker’s', async () => {
    const taken: boolean[] = []
    await using broker = await startWithServices({}, ({ events }) =>
      events.setClientLifecycleListener({
        onAuthenticationSuccessful() {
          taken.push(broker.host.takesFault(new Error('mine')), broker.host.takesFault(new InvariantError('ours')))
        },
      }),
    )
    expect(broker.host.takesFault(new Error('ours'))).toBe(false)
    MemoryClient.connect(broker.broker, 'c')
    expect(taken.splice(0)).toEqual([true, false])
    expect(broker.log.warnings).toHaveLength(1)
    expect(broker.log.warnings[0]).toMatch(/^WARN Extension serving: failed in its own work, .*: Error: mine/)
  })

  it('are the broker’s in what an extension has asked it for', async () => {
    const taken: boolean[] = []
    await using broker = await startWithServices()
    broker.broker.broker.events.add({
      clientDisconnected: () => taken.push(broker.host.takesFault(new Error('ours'))),
    })
    MemoryClient.connect(broker.broker, 'c')
    let done!: () => void
    const ended = new Promise<void>((resolve) => (done = resolve))
    broker.services.scheduler.after(10, async () => {
      await broker.services.clients.disconnect('c')
      taken.push(broker.host.takesFault(new Error('mine')))
      done()
    })
    broker.broker.advance(100)
    await ended
    expect(taken).toEqual([false, true])
  })
})
