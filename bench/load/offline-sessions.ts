// SPDX-License-Identifier: Apache-2.0
import { inParallel } from './crowd.ts'
import { topicOf } from './frames.ts'
import { disconnect, establish, forgetSession, subscribe } from './handshake.ts'
import type { LoadTarget, OfflineJob } from './job.ts'

/** Of the client that session `index` belongs to. */
export function offlineClientId(index: number): string {
  return `bench-offline-${index}`
}

/** Sessions with a subscription and nothing else, whose clients are away. */
export function makeSessions({ sessions, version }: OfflineJob, { port }: LoadTarget): Promise<void> {
  return inParallel(sessions, async (index) => {
    // The warm-up has left it.
    await forgetSession(port, offlineClientId(index), version)
    const { connection } = await establish(port, offlineClientId(index), version, true)
    await subscribe(connection, topicOf(index), 1, version)
    await disconnect(connection, version)
  })
}
