// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canTestMosquittoClients, mosquittoPub, MosquittoSub } from '../support/mosquitto-clients.ts'
import { WaggleProcess } from '../support/waggle-process.ts'

describe.runIf(canTestMosquittoClients)('Mosquitto clients', () => {
  let waggle: WaggleProcess

  beforeAll(async () => {
    waggle = await WaggleProcess.start()
  })

  afterAll(() => waggle[Symbol.asyncDispose]())

  describe.each(['mqttv31', 'mqttv311', 'mqttv5'])('%s', (version) => {
    const options = ['-V', version]

    it.each([0, 1, 2])('publish and subscribe with QoS %i', async (qos) => {
      using sub = await new MosquittoSub(
        waggle.port,
        ...options,
        '-t',
        `q/${version}/#`,
        '-q',
        String(qos),
      ).subscribed()
      for (let i = 0; i < 5; i++) {
        await mosquittoPub(waggle.port, ...options, '-t', `q/${version}/${qos}`, '-m', `m${i}`, '-q', String(qos))
      }
      const expected = [0, 1, 2, 3, 4].map((i) => `q/${version}/${qos} ${qos} 0 m${i}`)
      expect(await sub.messages(5)).toEqual(expected)
    })

    it('keep and clear a retained message', async () => {
      const topic = `r/${version}`
      await mosquittoPub(waggle.port, ...options, '-t', topic, '-m', 'kept', '-q', '1', '-r')
      using first = new MosquittoSub(waggle.port, ...options, '-t', topic, '-q', '1')
      expect(await first.messages(1)).toEqual([`${topic} 1 1 kept`])
      await mosquittoPub(waggle.port, ...options, '-t', topic, '-n', '-r')
      using second = await new MosquittoSub(waggle.port, ...options, '-t', topic).subscribed()
      await mosquittoPub(waggle.port, ...options, '-t', topic, '-m', 'live')
      expect(await second.messages(1)).toEqual([`${topic} 0 0 live`])
    })

    it('publish a will when they are killed, and none when they end well', async () => {
      const topic = `w/${version}`
      using watcher = await new MosquittoSub(waggle.port, ...options, '-t', topic, '-q', '1').subscribed()
      const will = ['--will-topic', topic, '--will-payload', 'gone', '--will-qos', '1', '-t', 'nothing']
      // -E ends with DISCONNECT as soon as it has subscribed.
      using polite = new MosquittoSub(waggle.port, ...options, ...will, '-E')
      await polite.ended()
      using killed = await new MosquittoSub(waggle.port, ...options, ...will).subscribed()
      killed.child.kill('SIGKILL')
      await mosquittoPub(waggle.port, ...options, '-t', topic, '-m', 'end')
      const messages = await watcher.messages(2)
      expect(messages.toSorted()).toEqual([`${topic} 0 0 end`, `${topic} 1 0 gone`])
    })

    it.each([1, 2])('get what was queued while they were away, with QoS %i', async (qos) => {
      const topic = `o/${version}/${qos}`
      const expiry = version === 'mqttv5' ? ['-x', '3600'] : []
      const persistent = [...options, '-c', '-i', `away-${version}-${qos}`, ...expiry, '-t', topic, '-q', String(qos)]
      using before = new MosquittoSub(waggle.port, ...persistent, '-E')
      await before.ended()
      for (let i = 0; i < 50; i++) {
        await mosquittoPub(waggle.port, ...options, '-t', topic, '-m', `m${i}`, '-q', String(qos))
      }
      using after = new MosquittoSub(waggle.port, ...persistent)
      const expected = Array.from({ length: 50 }, (_, i) => `${topic} ${qos} 0 m${i}`)
      expect(await after.messages(50)).toEqual(expected)
    })

    it('share a subscription', async () => {
      const filter = `$share/group/s/${version}/#`
      using first = await new MosquittoSub(waggle.port, ...options, '-t', filter, '-q', '1').subscribed()
      using second = await new MosquittoSub(waggle.port, ...options, '-t', filter, '-q', '1').subscribed()
      for (let i = 0; i < 20; i++) {
        await mosquittoPub(waggle.port, ...options, '-t', `s/${version}/${i}`, '-m', `m${i}`, '-q', '1')
      }
      const areAllThere = (): boolean => first.lines.length + second.lines.length === 20
      await Promise.race([first.until(areAllThere), second.until(areAllThere)])
      expect(new Set([...first.lines, ...second.lines]).size).toBe(20)
      expect(Math.min(first.lines.length, second.lines.length)).toBeGreaterThan(0)
    })
  })

  it('carry thousands of messages through one connection, each once, with QoS 2', async () => {
    const count = 2_000
    using sub = await new MosquittoSub(waggle.port, '-t', 'many', '-q', '2').subscribed()
    const pub = spawn('mosquitto_pub', ['-h', '127.0.0.1', '-p', String(waggle.port), '-t', 'many', '-q', '2', '-l'])
    pub.stdin.end(Array.from({ length: count }, (_, i) => `line ${i}\n`).join(''))
    const messages = await sub.messages(count)
    expect(messages).toEqual(Array.from({ length: count }, (_, i) => `many 2 0 line ${i}`))
  })

  it('leave a broker without complaints, which stops when it is asked to', async () => {
    expect(await waggle.stop()).toBe(0)
    expect(waggle.log).not.toContain('ERROR')
  })
})
