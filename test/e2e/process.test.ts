// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { describe, expect, it } from 'vitest'
import { BUNDLE, WaggleProcess } from '../support/waggle-process.ts'

describe('the process', () => {
  it('says where it listens and how long it took, in well under a second', async () => {
    await using waggle = await WaggleProcess.start()
    expect(waggle.log).toMatch(/Started TCP Listener on address 127\.0\.0\.1 and on port \d+\./)
    expect(waggle.log).toMatch(
      /INFO +- Settings beside the defaults: listeners\/tcp-listener\[tcp-listener-\d+\]\/port = \d+, /,
    )
    const [, ms] = /Started Waggle in (\d+)ms, ready on tcp-listener-\d+ \(127\.0\.0\.1:\d+\)/.exec(waggle.log)!
    expect(Number(ms)).toBeLessThan(1_000)
  })

  it('loads nothing of TLS and HTTP where no listener needs it', async () => {
    const tell = "process.on('exit', () => process._rawDebug(process.moduleLoadList.join()))"
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(tell)}` }
    await using waggle = await WaggleProcess.start('', { env })
    waggle.child.kill()
    expect(await waggle.exitCode()).toBe(0)
    const loaded = waggle.log.match(/(?<=NativeModule )(?:net|tls|http|_http_server)(?=,)/g)
    expect(loaded).toEqual(['net'])
  })

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'ends on %s with DISCONNECT 0x8B for MQTT 5 clients and exit code 0',
    async (signal) => {
      await using waggle = await WaggleProcess.start()
      const client = await connectAsync(`mqtt://127.0.0.1:${waggle.port}`, { protocolVersion: 5, reconnectPeriod: 0 })
      const goodbye = new Promise((resolve) => client.on('disconnect', ({ reasonCode }) => resolve(reasonCode)))
      waggle.child.kill(signal)
      expect(await goodbye).toBe(0x8b)
      expect(await waggle.exitCode()).toBe(0)
      expect(waggle.log).toContain('Shutdown completed.')
    },
  )

  it('says that a port is in use, and ends with exit code 1', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await using waggle = await WaggleProcess.launch(
      `<hivemq><listeners><tcp-listener><port>${port}</port><bind-address>127.0.0.1</bind-address></tcp-listener></listeners></hivemq>`,
    )
    expect(await waggle.exitCode()).toBe(1)
    expect(waggle.log).toContain(
      `Could not start TCP Listener on port ${port} and address 127.0.0.1. Is it already in use?`,
    )
    server.close()
  })

  it('names every fault of its configuration, and ends with exit code 1', async () => {
    await using waggle = await WaggleProcess.launch(`<hivemq>
      <listeners><tcp-listener><port>none</port></tcp-listener></listeners>
      <mqtt><quality-of-service><max-qos>7</max-qos></quality-of-service></mqtt>
      <quick-start/>
    </hivemq>`)
    expect(await waggle.exitCode()).toBe(1)
    expect(waggle.log).toMatch(/ERROR - .*config\.xml:2:\d+: listeners\/tcp-listener\/port: found "none", expected/)
    expect(waggle.log).toMatch(/WARN {2}- .*config\.xml:3:\d+: mqtt\/quality-of-service\/max-qos: found "7", expected/)
    expect(waggle.log).toMatch(/WARN {2}- .*config\.xml:4:\d+: quick-start: found/)
  })

  it('checks a configuration without starting, with an exit code that a script can use', async () => {
    const file = join(import.meta.dirname, '../compat/config/umh/era-b.xml')
    const check = (...args: string[]): ReturnType<typeof spawnSync> =>
      spawnSync(process.execPath, [BUNDLE, 'check-config', ...args], { encoding: 'utf8', timeout: 10_000 })
    const good = check('--without-stores', file)
    expect(good.stdout).toContain(`${file}: the broker starts, with\n`)
    expect(good.stdout).toMatch(/[^\n]\n$/)
    expect(good.status).toBe(0)
    // Where the stores are not.
    const lacking = check(file)
    expect(lacking.stdout).toMatch(
      /^ERROR .*keystore\/path: found \S+: there is no such file; the broker does not start/m,
    )
    expect(lacking.status).toBe(1)
    const bad = check(import.meta.filename)
    expect(bad.stdout).toContain('the broker does not start')
    expect(bad.status).toBe(1)
  })
})
