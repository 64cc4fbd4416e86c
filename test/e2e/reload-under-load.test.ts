// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setImmediate as endOfTurn } from 'node:timers/promises'
import { connectAsync, type MqttClient } from 'mqtt'
import { expect, it } from 'vitest'
import { WaggleHome } from '../support/waggle-home.ts'

const EXAMPLES = join(import.meta.dirname, '../../examples')
const ENRICHMENT = 'payload-enrichment'
const WEBHOOK = 'webhook-authenticator'
const PUBLISHERS = 3
/** What each publisher has on its way. */
const BATCH = 10
/** The service takes its time, so that clients are being decided about when the extension is replaced. */
const ANSWER_MS = 30
/** Subscribers run in the process of the test and may be late; nothing is to be lost for that. */
const CONFIG = '<mqtt><queued-messages><max-queue-size>1000000</max-queue-size></queued-messages></mqtt>'

interface Enriched {
  readonly publisher: string
  readonly sequence: number
  readonly source: string
  readonly schema: number
}

/** Knows who may connect, and notes whom it has let in. */
class Webhook implements AsyncDisposable {
  readonly allowed = new Set<string>()
  readonly #server: Server

  constructor() {
    this.#server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        const { clientId, password } = JSON.parse(body) as { clientId: string; password: string }
        const isAllowed = password === 'secret'
        if (isAllowed) this.allowed.add(clientId)
        setTimeout(() => response.end(JSON.stringify({ isAllowed, topics: ['#'] })), ANSWER_MS)
      })
    })
  }

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** Clients with some that stay, some that come all the time, and some that should not get in. */
class Load {
  readonly received: Enriched[][] = []
  /** By publisher, how many are acknowledged. */
  readonly acknowledged = new Map<string, number>()
  /** Topics that came without having been changed. */
  readonly unchanged: string[] = []
  readonly ended: string[] = []
  /** Who got in, and who did not: client identifiers by password. */
  readonly entered = { secret: new Set<string>(), wrong: new Set<string>() }
  readonly refused = { secret: new Set<string>(), wrong: new Set<string>() }
  #isOver = false
  #isEnding = false
  readonly #url: string
  readonly #clients: MqttClient[] = []
  readonly #work: Promise<void>[] = []

  constructor(port: number) {
    this.#url = `mqtt://127.0.0.1:${port}`
  }

  async start(): Promise<void> {
    for (let i = 0; i < 2; i++) {
      const messages: Enriched[] = []
      this.received.push(messages)
      const subscriber = await this.#stay(`subscriber-${i}`)
      subscriber.on('message', (topic, payload) => {
        if (topic.startsWith('enriched/')) messages.push(JSON.parse(payload.toString()) as Enriched)
        else this.unchanged.push(topic)
      })
      await subscriber.subscribeAsync('#', { qos: 1 })
    }
    for (let i = 0; i < PUBLISHERS; i++) {
      const publisher = await this.#stay(`publisher-${i}`)
      this.#work.push(this.#publish(publisher, `publisher-${i}`))
    }
    this.#work.push(this.#knock('secret'), this.#knock('wrong'))
  }

  /** Waits until something more of this has happened. */
  async more(clients: ReadonlySet<string>): Promise<void> {
    const before = clients.size
    while (clients.size < before + 3) await endOfTurn()
  }

  /** Ends what was begun, and waits until all that was acknowledged has come. */
  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#work)
    const count = [...this.acknowledged.values()].reduce((sum, each) => sum + each, 0)
    while (this.received.some((messages) => messages.length < count)) await endOfTurn()
    // What is more than that has come before the answer to this.
    for (const client of this.#clients.slice(0, 2)) await client.subscribeAsync('nothing')
    this.#isEnding = true
    await Promise.all(this.#clients.map((client) => client.endAsync(true)))
  }

  async #stay(clientId: string): Promise<MqttClient> {
    const client = await this.#connect(clientId, 'secret')
    client.on('close', () => {
      if (!this.#isEnding) this.ended.push(clientId)
    })
    this.#clients.push(client)
    return client
  }

  async #publish(client: MqttClient, publisher: string): Promise<void> {
    for (let sequence = 0; !this.#isOver;) {
      const batch: Promise<unknown>[] = []
      for (let i = 0; i < BATCH; i++) {
        batch.push(
          client.publishAsync(`raw/${publisher}`, JSON.stringify({ publisher, sequence: sequence++ }), { qos: 1 }),
        )
      }
      await Promise.all(batch)
      this.acknowledged.set(publisher, sequence)
    }
  }

  /** Comes and goes, four at a time. */
  async #knock(password: 'secret' | 'wrong'): Promise<void> {
    for (let i = 0; !this.#isOver;) {
      const ids = Array.from({ length: 4 }, () => `${password}-${i++}`)
      await Promise.all(
        ids.map(async (clientId) => {
          try {
            const client = await this.#connect(clientId, password)
            this.entered[password].add(clientId)
            await client.endAsync()
          } catch (error) {
            // Anything but a refusal is a fault.
            if (!/Not authorized/.test(String(error))) throw error
            this.refused[password].add(clientId)
          }
        }),
      )
    }
  }

  #connect(clientId: string, password: string): Promise<MqttClient> {
    return connectAsync(this.#url, { protocolVersion: 5, reconnectPeriod: 0, clientId, username: 'u', password })
  }
}

it('the examples are reloaded, switched off and on under load: nothing is lost, and nobody gets in unchecked', async () => {
  await using webhook = new Webhook()
  await using home = new WaggleHome()
  const folderOf = (id: string): string => join(home.folder, 'extensions', id)
  for (const id of [ENRICHMENT, WEBHOOK]) cpSync(join(EXAMPLES, id), folderOf(id), { recursive: true })
  const change = (id: string, edit: (code: string) => string): void => {
    const file = join(folderOf(id), 'extension.ts')
    writeFileSync(file, edit(readFileSync(file, 'utf8')))
  }
  const setSchema = (schema: number): void => {
    change(ENRICHMENT, (code) => code.replace(/const SCHEMA = \d/, `const SCHEMA = ${schema}`))
  }
  const waggle = await home.start(CONFIG, { isOpenToAll: false, env: { WEBHOOK_URL: await webhook.start() } })
  /** So many lines of this kind. */
  const logged = (line: string, count: number): Promise<void> =>
    waggle.waitForLog(new RegExp(`(?:${line}[^]*){${count}}`))

  const load = new Load(waggle.port)
  await load.start()
  await load.more(load.entered.secret)

  setSchema(2)
  change(WEBHOOK, (code) => `// The same, once more.\n${code}`)
  await Promise.all([
    logged('"Payload enrichment" .* runs in place of', 1),
    logged('"Webhook authenticator" .* stopped successfully', 1),
  ])
  await load.more(load.entered.secret)
  // Reloading has turned nobody away.
  expect(load.refused.secret).toEqual(new Set())

  setSchema(3)
  writeFileSync(join(folderOf(WEBHOOK), 'DISABLED'), '')
  await Promise.all([
    logged('"Payload enrichment" .* runs in place of', 2),
    logged('"Webhook authenticator" .* stopped successfully', 2),
  ])
  // Without it there is nobody who decides: everybody is refused, and who is there stays.
  await load.more(load.refused.secret)
  const whileOff = load.entered.secret.size
  await load.more(load.refused.secret)
  expect(load.entered.secret.size).toBe(whileOff)

  rmSync(join(folderOf(WEBHOOK), 'DISABLED'))
  await logged('"Webhook authenticator" .* started successfully', 2)
  await load.more(load.entered.secret)
  await load.stop()

  expect(load.ended).toEqual([])
  expect(load.unchanged).toEqual([])
  expect(load.entered.wrong).toEqual(new Set())
  expect(load.refused.wrong.size).toBeGreaterThan(20)
  expect([...load.entered.secret].filter((clientId) => !webhook.allowed.has(clientId))).toEqual([])
  for (const messages of load.received) {
    for (const [publisher, count] of load.acknowledged) {
      const own = messages.filter((message) => message.publisher === publisher)
      // Each once, in order.
      expect(own.map(({ sequence }) => sequence)).toEqual(Array.from({ length: count }, (_, i) => i))
      expect(own.every(({ source }) => source === publisher)).toBe(true)
      const schemas = own.map(({ schema }) => schema)
      expect(schemas).toEqual(schemas.toSorted((a, b) => a - b))
      expect(new Set(schemas)).toEqual(new Set([1, 2, 3]))
    }
  }
  expect(waggle.log).not.toMatch(/ERROR|Exception/)
})
