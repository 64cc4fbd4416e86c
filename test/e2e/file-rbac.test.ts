// SPDX-License-Identifier: Apache-2.0
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { describe, expect, it } from 'vitest'
import { writeExtension } from '../support/extension-folders.ts'
import { credentialsXml, hashOf } from '../support/file-rbac.ts'
import { canTestMosquittoClients, mosquittoPub, MosquittoSub } from '../support/mosquitto-clients.ts'
import { WaggleHome } from '../support/waggle-home.ts'
import type { WaggleProcess } from '../support/waggle-process.ts'

const ID = 'hivemq-file-rbac-extension'
const UMH_CREDENTIALS = join(import.meta.dirname, '../fixtures/umh/credentials.xml')
const UMH_PASSWORD = 'INSECURE_INSECURE_INSECURE'

/** What an extensions volume has when the init container of the United Manufacturing Hub has copied HiveMQ's extension. */
function copyExtension(home: WaggleHome): string {
  const files = { 'hivemq-file-rbac-extension-4.5.3.jar': 'no Java here' }
  return writeExtension(join(home.folder, 'extensions'), ID, files, {
    version: '4.5.3',
    priority: 1000,
    startPriority: 10_000,
  })
}

describe('hivemq-file-rbac-extension in a running broker', () => {
  const login = (userName: string, password = UMH_PASSWORD): string[] => ['-u', userName, '-P', password]

  it.runIf(canTestMosquittoClients)(
    'takes the credentials of the United Manufacturing Hub, copied into its folder after the start',
    async () => {
      await using home = new WaggleHome()
      const folder = copyExtension(home)
      // The allow-all folder of an earlier start is still there; file-RBAC has the higher priority.
      const waggle = await home.start()
      await expect(mosquittoPub(waggle.port, '-t', 'ia/x', '-m', 'm', ...login('node-red'))).rejects.toThrow(
        /not authorised/i,
      )
      copyFileSync(UMH_CREDENTIALS, join(folder, 'credentials.xml'))
      await waggle.waitForLog(/5 users and 5 roles are in force/)
      expect(waggle.log).toMatch(/credentials\.xml: line \d+: a permission of role "superuser" has several topics/)
      for (const version of ['mqttv31', 'mqttv311', 'mqttv5']) {
        const options = ['-V', version]
        using bridge = await new MosquittoSub(
          waggle.port,
          ...options,
          ...login('MQTT_KAFKA_BRIDGE'),
          '-t',
          'ia/#',
          '-q',
          '1',
        ).subscribed()
        await mosquittoPub(
          waggle.port,
          ...options,
          ...login('SENSORCONNECT'),
          '-t',
          'ia/raw/x',
          '-m',
          version,
          '-q',
          '1',
        )
        expect(await bridge.messages(1)).toEqual([`ia/raw/x 1 0 ${version}`])
        for (const wrong of [login('SENSORCONNECT', 'guess'), login('nobody'), []]) {
          await expect(mosquittoPub(waggle.port, ...options, ...wrong, '-t', 'ia/x', '-m', 'm')).rejects.toThrow(
            /refused|not authori[sz]ed|bad user name/i,
          )
        }
      }
      expect(waggle.log).not.toContain(UMH_PASSWORD)
    },
  )

  it('lets a login storm through without stopping what runs', async () => {
    await using home = new WaggleHome()
    const folder = copyExtension(home)
    const users = Array.from({ length: 300 }, (_none, i) => ({
      name: `user-${i}`,
      password: hashOf(`password-${i}`, 10_000),
      roles: ['all'],
    }))
    const running = { name: 'running', password: hashOf('running'), roles: ['all'] }
    writeFileSync(join(folder, 'credentials.xml'), credentialsXml([running, ...users], { all: ['<topic>#</topic>'] }))
    const waggle = await home.start()
    const traffic = await connect(waggle, 'running', 'running')
    await traffic.subscribeAsync('running', { qos: 1 })
    const storm = { isOver: false, echoes: 0 }
    const echoing = (async (): Promise<void> => {
      while (!storm.isOver) {
        await Promise.all([
          new Promise((resolve) => traffic.once('message', resolve)),
          traffic.publishAsync('running', 'x', { qos: 1 }),
        ])
        storm.echoes++
      }
    })()
    const clients = await Promise.all(users.map(({ name }, i) => connect(waggle, name, `password-${i}`)))
    storm.isOver = true
    await echoing
    // 300 hashes of 10 000 iterations take seconds of one thread; the running client gets its turn all the time.
    expect(storm.echoes).toBeGreaterThan(10)
    await Promise.all([traffic, ...clients].map((client) => client.endAsync(true)))
  })
})

function connect(waggle: WaggleProcess, username: string, password: string): ReturnType<typeof connectAsync> {
  return connectAsync(`mqtt://127.0.0.1:${waggle.port}`, {
    username,
    password,
    protocolVersion: 5,
    reconnectPeriod: 0,
    connectTimeout: 60_000,
  })
}
