// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { describe, expect, it } from 'vitest'
import { writeExtension } from '../support/extension-folders.ts'
import { freePort } from '../support/free-port.ts'
import { scrape, writePrometheus } from '../support/scrape.ts'
import { WaggleHome } from '../support/waggle-home.ts'
import type { WaggleProcess } from '../support/waggle-process.ts'

/** An extension whose authenticator does this with a client that is called like it. */
const CODE = `
import { defineExtension } from 'waggle/extension'

function blockFor(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

export default defineExtension({
  start({ services }) {
    services.security.setAuthenticator(
      {
        onConnect({ client }) {
          switch (client.clientId) {
            case 'blocks':
              blockFor(500)
              break
            case 'blocks-for-long':
              blockFor(2_500)
              break
            case 'blocks-for-ever':
              for (;;);
            case 'blocks-in-a-timer':
              setTimeout(() => blockFor(2_500), 1)
              break
            case 'throws':
              throw new Error('no')
            case 'hangs':
              return new Promise(() => undefined)
            case 'rejects':
              return Promise.reject(new Error('no'))
          }
          return { outcome: 'success' }
        },
      },
      { timeoutMs: 200 },
    )
  },
})
`

const NAMED = 'Extension misbehaving: onConnect'

async function start(home: WaggleHome, config = '', env: Record<string, string> = {}): Promise<WaggleProcess> {
  writeExtension(join(home.folder, 'extensions'), 'misbehaving', { 'extension.ts': CODE })
  return home.start(config, { isOpenToAll: false, env })
}

/** Nothing waits for what comes of it. */
function send(waggle: WaggleProcess, clientId: string): void {
  connectAsync(`mqtt://127.0.0.1:${waggle.port}`, { clientId, reconnectPeriod: 0 }).then(
    (client) => client.end(true),
    () => undefined,
  )
}

describe.concurrent('an extension that holds the event loop', () => {
  it('is named when it returns, and counted with whatever else it does wrong', async () => {
    await using home = new WaggleHome()
    const port = await freePort()
    writePrometheus(home.folder, port)
    const waggle = await start(home)
    for (const clientId of ['blocks', 'throws', 'hangs', 'rejects']) send(waggle, clientId)
    await waggle.waitForLog(/WARN {2}- Extension misbehaving: onConnect held the event loop for \d+ ms/)
    await waggle.waitForLog(/onConnect for client hangs gave no answer/)
    const samples = await scrape(port)
    const labels = 'extension="misbehaving",callback="onConnect"'
    for (const kind of ['error', 'rejected', 'timeout', 'blocked']) {
      expect(samples.get(`waggle_extension_errors_total{${labels},kind="${kind}",}`)).toBe(1)
    }
    expect(samples.get(`waggle_extension_callback_seconds_count{${labels},}`)).toBe(4)
    // That of the client for which it blocks, and that of the one for which it hangs.
    expect(samples.get(`waggle_extension_callback_seconds_sum{${labels},}`)).toBeGreaterThan(0.5 + 0.2)
    expect(await waggle.stop()).toBe(0)
  })

  it('is named while it does', async () => {
    await using home = new WaggleHome()
    const waggle = await start(home, '', { HIVEMQ_LOG_FOLDER: 'log' })
    send(waggle, 'blocks-for-long')
    await waggle.waitForLog(new RegExp(`ERROR - ${NAMED} has held the event loop for 2(\\.\\d)? s and still does`))
    expect(waggle.log).not.toContain('everybody is served again')
    await waggle.waitForLog(
      new RegExp(`WARN {2}- ${NAMED} has held the event loop for 2\\.\\d s: everybody is served again`),
    )
    await waggle.waitForLog(new RegExp(`WARN {2}- ${NAMED} held the event loop for 2\\d\\d\\d ms`))
    expect(readFileSync(join(home.folder, 'log/hivemq.log'), 'utf8')).toContain('and still does')
    expect(await waggle.stop()).toBe(0)
  })

  it('while it is loaded is named too', async () => {
    await using home = new WaggleHome()
    writeExtension(join(home.folder, 'extensions'), 'endless', { 'extension.ts': 'for (;;);' })
    const waggle = await home.launch()
    await waggle.waitForLog(/ERROR - Extension endless: load has held the event loop for 2/)
    expect(waggle.log).not.toContain('ready on')
  })

  it('outside of callbacks is told of without a name', async () => {
    await using home = new WaggleHome()
    const waggle = await start(home, '<waggle><logging><format>json</format></logging></waggle>')
    send(waggle, 'blocks-in-a-timer')
    await waggle.waitForLog(/"level":"ERROR","message":"What is no callback of an extension/)
    await waggle.waitForLog(/everybody is served again/)
    expect(await waggle.stop()).toBe(0)
  })

  it('for ever ends the process where that was asked for', async () => {
    await using home = new WaggleHome()
    const waggle = await start(home, '<waggle><watchdog><exit-after>5</exit-after></watchdog></waggle>')
    send(waggle, 'blocks-for-ever')
    await waggle.waitForLog(/If it does not return, the process ends after 5 s/)
    await waggle.exitCode()
    expect(waggle.child.signalCode).toBe('SIGKILL')
    expect(waggle.log).toMatch(
      new RegExp(`ERROR - ${NAMED} has held the event loop for 5(\\.\\d)? s: the process ends`),
    )
  })

  it('is not looked for where that is switched off', async () => {
    await using home = new WaggleHome()
    const waggle = await start(home, '<waggle><watchdog><warn-after>0</warn-after></watchdog></waggle>')
    send(waggle, 'blocks-for-long')
    send(waggle, 'throws')
    await waggle.waitForLog(/onConnect failed for client throws/)
    expect(waggle.log).not.toContain('held the event loop')
    expect(await waggle.stop()).toBe(0)
  })
})
