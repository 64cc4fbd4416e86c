// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import { CERTIFICATE, PRIVATE_KEY } from '../certificate.ts'
import { MAX_IN_FLIGHT } from '../workloads.ts'
import type { BrokerKind } from './broker-kind.ts'

/** Distributions install it where only root looks. */
const PATH = [process.env['PATH'], '/usr/sbin', '/usr/local/sbin'].join(delimiter)
const env = { ...process.env, PATH }

const TLS_LINES = [
  `certfile ${CERTIFICATE}`,
  `keyfile ${PRIVATE_KEY}`,
  // Started by root, it would become a user who may not read them.
  `user ${userInfo().username}`,
]

/** With its own default: everything is in memory, and lost with the process. */
export const mosquitto: BrokerKind = mosquittoWith('mosquitto', () => ['persistence false'])

/**
 * With every change saved, which is what Waggle promises. It writes its whole state anew each time, and does not wait with
 * acknowledgements until that is done.
 */
export const mosquittoPersistent: BrokerKind = mosquittoWith('mosquitto-persistent', (folder) => [
  'persistence true',
  `persistence_location ${folder}/`,
  'autosave_on_changes true',
  'autosave_interval 1',
  // Started by root, it would become a user who may not write there.
  `user ${userInfo().username}`,
])

function mosquittoWith(name: string, persistenceLines: (folder: string) => readonly string[]): BrokerKind {
  return {
    name,
    hasMqtt5: true,
    describe() {
      const { stdout } = spawnSync('mosquitto', ['-h'], { env, encoding: 'utf8' })
      const version = /version (\S+)/.exec(stdout ?? '')?.[1]
      return version === undefined ? { missing: 'no mosquitto on the PATH' } : { text: version }
    },
    prepare(port, folder, { wire }) {
      const file = join(folder, 'mosquitto.conf')
      // Nothing is dropped, however far a subscriber falls behind. Replies leave at once, as those of the others do.
      const lines = [
        `listener ${port} 127.0.0.1`,
        ...(wire === 'tls' ? TLS_LINES : wire === 'websocket' ? webSocketLines(folder) : []),
        'allow_anonymous true',
        ...persistenceLines(folder),
        'max_queued_messages 0',
        `max_inflight_messages ${MAX_IN_FLIGHT}`,
        'set_tcp_nodelay true',
        'log_type error',
      ]
      writeFileSync(file, `${lines.join('\n')}\n`)
      return { file: 'mosquitto', args: ['-c', file], env }
    },
  }
}

/** 2.0.11 does not start with nothing but WebSocket. */
function webSocketLines(folder: string): string[] {
  return ['protocol websockets', `listener 0 ${join(folder, 'unused')}`, `user ${userInfo().username}`]
}
