// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { describe, expect, it } from 'vitest'
import { writeAllowAll, writeExtension } from '../support/extension-folders.ts'
import { WaggleHome } from '../support/waggle-home.ts'
import { WaggleProcess } from '../support/waggle-process.ts'

const CODE = `
import { defineExtension, ReasonCode, StartPrevented, type ConnectEvent } from 'waggle/extension'
import { isWelcome } from './guests.ts'

interface Answer { readonly outcome: 'success' | 'fail', readonly reasonCode?: ReasonCode }

async function decide({ connect }: ConnectEvent): Promise<Answer> {
  await new Promise((resolve) => setTimeout(resolve, 10))
  return isWelcome(connect.userName) ? { outcome: 'success' } : { outcome: 'fail', reasonCode: ReasonCode.BANNED }
}

export default defineExtension({
  start({ services, log, extension }) {
    services.security.setAuthenticator({ onConnect: decide })
    log.info(\`runs in \${extension.homeFolder}\`)
    if (process.env.MUST_NOT_START) throw new StartPrevented('asked not to')
  },
})
`
const GUESTS = `export const isWelcome = (name: string | undefined): boolean => name === 'guest'`

async function connackOf(port: number, userName: string): Promise<number> {
  try {
    const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
      protocolVersion: 5,
      reconnectPeriod: 0,
      username: userName,
    })
    await client.endAsync()
    return 0
  } catch (error) {
    return (error as { code: number }).code
  }
}

describe('extensions of a running broker', () => {
  it('are TypeScript as it is, with what they import', async () => {
    await using home = new WaggleHome()
    writeExtension(join(home.folder, 'extensions'), 'guests-only', { 'extension.ts': CODE, 'guests.ts': GUESTS })
    const waggle = await home.start('', { isOpenToAll: false })
    expect(waggle.log).toMatch(/INFO {2}- Extension guests-only: runs in .*guests-only/)
    expect(waggle.log).not.toContain('WARN')
    expect(await connackOf(waggle.port, 'guest')).toBe(0)
    expect(await connackOf(waggle.port, 'stranger')).toBe(0x8a)
    expect(await waggle.stop()).toBe(0)
    expect(waggle.log).toContain('Extension "guests-only" version 1.0.0 stopped successfully.')
  })

  it('that fail in their own timers, streams and promises are named, and the broker runs', async () => {
    await using home = new WaggleHome()
    const code = `
import { EventEmitter } from 'node:events'
import { connect } from 'node:net'
import { defineExtension } from 'waggle/extension'

setTimeout(() => { throw new Error('while it was loaded') }, 100)

export default defineExtension({
  start({ services }) {
    services.security.setAuthenticator({
      onConnect({ client }) {
        setTimeout(() => { throw new Error('a timer of ' + client.clientId) }, 5)
        return { outcome: 'success' }
      },
    })
    services.events.setClientLifecycleListener(() => {
      setImmediate(() => { throw new Error('a provider') })
      return undefined
    })
    services.scheduler.after(10, () => { setTimeout(() => { throw new Error('a task') }, 5) })
    setTimeout(() => Promise.reject(new Error('a rejection')), 10)
    setTimeout(() => new EventEmitter().emit('error', new Error('an event')), 10)
    setTimeout(async () => { await services.clients.invalidateSession('nobody') }, 10)
    connect(1, '127.0.0.1')
    process.nextTick(() => { throw 'no error' })
  },
})`
    writeExtension(join(home.folder, 'extensions'), 'failing', { 'extension.ts': code })
    const waggle = await home.start('', { isOpenToAll: false })
    const client = await connectAsync(`mqtt://127.0.0.1:${waggle.port}`, { protocolVersion: 5, clientId: 'c' })
    for (const what of [
      /Error: while it was loaded/,
      /Error: a timer of c/,
      /Error: a provider/,
      /Error: a task/,
      /Error: a rejection/,
      /Error: an event/,
      /NoSuchClientError/,
      /ECONNREFUSED/,
      /string no error/,
    ]) {
      await waggle.waitForLog(new RegExp(`WARN {2}- Extension failing: failed in its own work.*${what.source}`))
    }
    await client.publishAsync('t', 'x', { qos: 1 })
    await client.endAsync()
    expect(waggle.log).not.toContain('ERROR')
    expect(await waggle.stop()).toBe(0)
  })

  it('that fail while they are loaded, or behind a link, do not end it either', async () => {
    await using home = new WaggleHome()
    const code = `
setTimeout(() => { throw new Error('early') }, 10)
setTimeout(() => { throw new Error('late') }, 500)
await new Promise((resolve) => setTimeout(resolve, 200))
export default { start: () => console.log('it runs') }`
    const path = writeExtension(join(home.folder, 'elsewhere'), 'failing', { 'extension.js': code })
    mkdirSync(join(home.folder, 'extensions'))
    symlinkSync(path, join(home.folder, 'extensions', 'failing'))
    const waggle = await home.start()
    await waggle.waitForLog(/it runs/)
    for (const what of ['early', 'late']) {
      await waggle.waitForLog(new RegExp(`WARN {2}- Extension failing: failed in its own work.*Error: ${what}`))
    }
    expect(await waggle.stop()).toBe(0)
  })

  it('are replaced when any file of theirs changes', async () => {
    await using home = new WaggleHome()
    writeExtension(join(home.folder, 'extensions'), 'guests-only', { 'extension.ts': CODE, 'guests.ts': GUESTS })
    const waggle = await home.start('', { isOpenToAll: false })
    const client = await connectAsync(`mqtt://127.0.0.1:${waggle.port}`, { reconnectPeriod: 0, username: 'guest' })
    home.write('extensions/guests-only/guests.ts', GUESTS.replace("'guest'", "'friend'"))
    await waggle.waitForLog(/"guests-only" version 1\.0\.0 stopped successfully/)
    expect(await connackOf(waggle.port, 'guest')).toBe(0x8a)
    expect(await connackOf(waggle.port, 'friend')).toBe(0)
    expect(client.connected).toBe(true)
    await client.endAsync()
    expect(waggle.log).not.toContain('WARN')
  })

  it('are started when they are copied into their folder after the start, as UMH does', async () => {
    await using home = new WaggleHome()
    const waggle = await home.start('', { isOpenToAll: false })
    expect(await connackOf(waggle.port, 'anybody')).toBe(0x87)
    writeExtension(join(home.folder, 'extensions'), 'hivemq-allow-all-extension', { 'hivemq-allow-all.jar': 'PK' })
    await waggle.waitForLog(/"hivemq-allow-all-extension" version 1\.0\.0 started successfully/)
    expect(await connackOf(waggle.port, 'anybody')).toBe(0)
  })

  it('know the errors of the SDK as the broker does', async () => {
    await using home = new WaggleHome()
    const extensions = join(home.folder, 'extensions')
    const folder = writeExtension(extensions, 'guests-only', { 'extension.ts': CODE, 'guests.ts': GUESTS })
    const waggle = await home.start('', { isOpenToAll: false, env: { MUST_NOT_START: '1' } })
    expect(waggle.log).toContain(
      'INFO  - Startup of extension with id "guests-only" was prevented by itself: asked not to',
    )
    expect(existsSync(join(folder, 'DISABLED'))).toBe(true)
    expect(await connackOf(waggle.port, 'guest')).toBe(0x87)
  })

  it('may say in package.json who they are', async () => {
    await using home = new WaggleHome()
    const manifest = {
      name: '@acme/guests',
      version: '3.1.4',
      type: 'module',
      main: 'src/main.js',
      waggle: { id: 'guests', name: 'Guests', priority: 5 },
    }
    home.write('extensions/guests/package.json', JSON.stringify(manifest))
    home.write(
      'extensions/guests/src/main.js',
      `export default { start: ({ services }) => services.security.setAuthenticator({ onConnect: () => ({ outcome: 'success' }) }) }`,
    )
    const waggle = await home.start('', { isOpenToAll: false })
    expect(waggle.log).toContain('Extension "Guests" version 3.1.4 started successfully.')
    expect(await connackOf(waggle.port, 'anybody')).toBe(0)
  })

  it('with code that is wrong are disabled, and the broker runs', async () => {
    await using home = new WaggleHome()
    writeAllowAll(join(home.folder, 'extensions'))
    const folder = writeExtension(join(home.folder, 'extensions'), 'wrong', { 'extension.ts': 'export default {' })
    const waggle = await home.start()
    expect(waggle.log).toContain('Extension with id "wrong" could not be loaded. The extension will be disabled.')
    expect(existsSync(join(folder, 'DISABLED'))).toBe(true)
    expect(await connackOf(waggle.port, 'anybody')).toBe(0)
  })
})

describe('hivemq-allow-all-extension', () => {
  it('lets everybody in, with one warning', async () => {
    await using waggle = await WaggleProcess.start()
    expect(waggle.log.match(/WARN/g)).toHaveLength(1)
    expect(waggle.log).toMatch(/WARN .*This deployment is not secure!/)
    expect(await connackOf(waggle.port, 'anybody')).toBe(0)
  })

  it('HIVEMQ_ALLOW_ALL_CLIENTS=false switches it off: then nobody may connect', async () => {
    await using waggle = await WaggleProcess.start('', { env: { HIVEMQ_ALLOW_ALL_CLIENTS: 'false' } })
    expect(waggle.log).toMatch(/WARN .*No security extension present/)
    expect(await connackOf(waggle.port, 'anybody')).toBe(0x87)
  })

  it('is in the home folder that comes with the project', () => {
    const home = join(import.meta.dirname, '../../home')
    expect(existsSync(join(home, 'extensions/hivemq-allow-all-extension/hivemq-extension.xml'))).toBe(true)
  })
})

describe('the extensions folder', () => {
  it('is where HIVEMQ_EXTENSION_FOLDER says; what is no folder ends the start', async () => {
    await using home = new WaggleHome()
    writeAllowAll(join(home.folder, 'elsewhere'))
    const waggle = await home.start('', { isOpenToAll: false, env: { HIVEMQ_EXTENSION_FOLDER: 'elsewhere' } })
    expect(await connackOf(waggle.port, 'anybody')).toBe(0)
    await waggle.stop()
    home.write('file', '')
    const broken = await home.launch('', { isOpenToAll: false, env: { HIVEMQ_EXTENSION_FOLDER: 'file' } })
    expect(await broken.exitCode()).toBe(1)
    expect(broken.log).toMatch(/ERROR .*The extensions folder .*file cannot be read/)
  })
})
