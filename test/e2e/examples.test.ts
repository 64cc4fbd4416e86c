// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { cpSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { describe, expect, it } from 'vitest'
import { WaggleHome } from '../support/waggle-home.ts'

const EXAMPLES = join(import.meta.dirname, '../../examples')

function install(home: WaggleHome, id: string): void {
  cpSync(join(EXAMPLES, id), join(home.folder, 'extensions', id), { recursive: true })
}

describe('the examples', () => {
  it('payload-enrichment says who has sent a value, and when', async () => {
    await using home = new WaggleHome()
    install(home, 'payload-enrichment')
    const { port } = await home.start()
    const url = `mqtt://127.0.0.1:${port}`
    const subscriber = await connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0 })
    await subscriber.subscribeAsync('#', { qos: 1 })
    const messages: string[] = []
    subscriber.on('message', (topic, payload) => messages.push(`${topic} ${payload.toString()}`))
    const publisher = await connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0, clientId: 'press-7' })
    await publisher.publishAsync('raw/line-1', '{"value":21.5}', { qos: 1 })
    await publisher.publishAsync('raw/line-1', 'no JSON', { qos: 1 })
    await publisher.publishAsync('other', 'as it is', { qos: 1 })
    while (messages.length < 2) await new Promise((resolve) => subscriber.once('message', resolve))
    expect(messages).toEqual([
      expect.stringMatching(
        /^enriched\/line-1 \{"value":21\.5,"source":"press-7","receivedAt":"[-\dT:.]+Z","schema":1\}$/,
      ),
      'other as it is',
    ])
    await Promise.all([subscriber.endAsync(true), publisher.endAsync(true)])
  })

  it('webhook-authenticator lets in whom the service knows, and gives it topics', async () => {
    const service = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        const { userName, password } = JSON.parse(body) as { userName: string; password: string }
        response.end(JSON.stringify({ isAllowed: password === 'secret', topics: [`plant/${userName}/#`] }))
      })
    }).listen(0, '127.0.0.1')
    await once(service, 'listening')
    const hook = `http://127.0.0.1:${(service.address() as AddressInfo).port}/`
    await using home = new WaggleHome()
    install(home, 'webhook-authenticator')
    const { port, log } = await home.start('', { isOpenToAll: false, env: { WEBHOOK_URL: hook } })
    expect(log).toMatch(/Extension webhook-authenticator: asks 127\.0\.0\.1:\d+ about each client/)
    const login = (password: string): ReturnType<typeof connectAsync> =>
      connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5, reconnectPeriod: 0, username: 'press', password })
    const client = await login('secret')
    const granted = await client.subscribeAsync(['plant/press/#'])
    expect(granted[0]!.qos).toBe(0)
    await expect(client.subscribeAsync(['plant/#'])).rejects.toThrow(/Not authorized|Unspecified/i)
    await client.endAsync(true)
    await expect(login('wrong')).rejects.toThrow(/Not authorized/)
    service.close()
    service.closeAllConnections()
    // Nobody answers there any more: closed, not open.
    await expect(login('secret')).rejects.toThrow(/Unspecified error/)
  })
})
