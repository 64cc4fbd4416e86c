// SPDX-License-Identifier: Apache-2.0
import { type IClientOptions, connectAsync, type MqttClient } from 'mqtt'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bytes } from '../support/bytes.ts'
import { canTestChromium, launchChromium, openPage } from '../support/chromium.ts'
import { freePort } from '../support/free-port.ts'
import { RawWebSocket, upgradeRequest } from '../support/raw-web-socket.ts'
import { openSocket } from '../support/script/socket-stream.ts'
import { fixturePath, PASSWORD } from '../support/tls/fixtures.ts'
import { WaggleProcess } from '../support/waggle-process.ts'

interface Ports {
  readonly tcp: number
  readonly ws: number
  readonly wss: number
  readonly proxied: number
}

function configXml({ tcp, ws, wss, proxied }: Ports): string {
  const at = (port: number): string => `<port>${port}</port><bind-address>127.0.0.1</bind-address>`
  return `<hivemq>
  <listeners>
    <tcp-listener>${at(tcp)}</tcp-listener>
    <websocket-listener>${at(ws)}<path>/mqtt</path></websocket-listener>
    <tls-websocket-listener>${at(wss)}<path>/secure</path>
      <tls><keystore>
        <path>${fixturePath('server-ec.jks')}</path>
        <password>${PASSWORD}</password>
        <private-key-password>${PASSWORD}</private-key-password>
      </keystore></tls>
    </tls-websocket-listener>
    <tcp-listener>${at(proxied)}<name>proxied</name></tcp-listener>
  </listeners>
  <waggle><listeners><listener>
    <name>proxied</name>
    <proxy-protocol><trusted-networks><network>127.0.0.1</network></trusted-networks></proxy-protocol>
  </listener></listeners></waggle>
</hivemq>`
}

describe('WebSocket, as it is shipped', () => {
  let waggle: WaggleProcess
  let ports: Ports
  let urls: readonly string[]
  let browser: Browser | null = null
  const clients: MqttClient[] = []

  beforeAll(async () => {
    ports = { tcp: await freePort(), ws: await freePort(), wss: await freePort(), proxied: await freePort() }
    urls = [`ws://127.0.0.1:${ports.ws}/mqtt`, `wss://127.0.0.1:${ports.wss}/secure`]
    waggle = await WaggleProcess.launch(configXml(ports), ports.tcp, { env: { HIVEMQ_LOG_LEVEL: 'DEBUG' } })
    await waggle.waitForLog(/ready on/)
  })

  afterAll(async () => {
    await browser?.close()
    await Promise.all(clients.map((client) => client.endAsync(true)))
    await waggle[Symbol.asyncDispose]()
  })

  async function connect(url: string, options: IClientOptions): Promise<MqttClient> {
    const client = await connectAsync(url, { reconnectPeriod: 0, rejectUnauthorized: false, ...options })
    clients.push(client)
    return client
  }

  it('says HiveMQ’s lines for its listeners', () => {
    expect(waggle.log).toContain(`Started Websocket Listener on address 127.0.0.1 and on port ${ports.ws}.`)
    expect(waggle.log).toContain(`Started Websocket Listener with TLS on address 127.0.0.1 and on port ${ports.wss}.`)
  })

  describe.each([0, 1])('MQTT.js, url %i', (index) => {
    it.each([3, 4, 5] as const)(
      'sends and gets with protocol version %i, each QoS, small and large',
      async (version) => {
        const options: IClientOptions =
          version === 3 ? { protocolId: 'MQIsdp', protocolVersion: 3 } : { protocolVersion: version }
        const subscriber = await connect(urls[index]!, { ...options, clientId: `sub-${version}-${index}` })
        const publisher = await connect(urls[index]!, { ...options, clientId: `pub-${version}-${index}` })
        const topic = `ws/${index}/${version}`
        await subscriber.subscribeAsync(topic, { qos: 2 })
        const received: string[] = []
        const sent = Array.from({ length: 300 }, (_, i) => `${i} ${'x'.repeat(i % 100 === 99 ? 200_000 : i)}`)
        const all = new Promise<void>((resolve) => {
          subscriber.on('message', (_topic, payload) => {
            if (received.push(payload.toString()) === sent.length) resolve()
          })
        })
        for (const [i, text] of sent.entries()) await publisher.publishAsync(topic, text, { qos: (i % 3) as 0 | 1 | 2 })
        await all
        // QoS 0 may overtake what waits for its acknowledgement.
        expect(received.toSorted()).toEqual(sent.toSorted())
      },
    )
  })

  it.runIf(canTestChromium).each([0, 1])('MQTT.js in Chromium publishes and subscribes, url %i', async (index) => {
    browser ??= await launchChromium()
    const page = await openPage(browser)
    const native = await connect(`mqtt://127.0.0.1:${ports.tcp}`, { protocolVersion: 5 })
    await native.subscribeAsync(`from-browser/${index}`, { qos: 1 })
    const heard = new Promise<string>((resolve) =>
      native.on('message', (_topic, payload) => resolve(payload.toString())),
    )
    // What runs in the page is text here: the compiler knows no browser.
    const answer = await page.evaluate(`(async () => {
      const client = await mqtt.connectAsync('${urls[index]}', { protocolVersion: 5, reconnectPeriod: 0, clientId: 'tab-${index}' })
      const inbox = []
      const news = new Promise((resolve) => client.on('message', (topic, payload) => {
        inbox.push(topic + ' ' + payload.length)
        if (inbox.length === 2) resolve()
      }))
      await client.subscribeAsync('to-browser/${index}/#', { qos: 2 })
      await client.publishAsync('to-browser/${index}/own', 'x'.repeat(100000), { qos: 2 })
      await client.publishAsync('from-browser/${index}', 'hello', { qos: 1 })
      await client.publishAsync('to-browser/${index}/own', 'y', { qos: 1 })
      await news
      const closed = new Promise((resolve) => client.stream.once('close', resolve))
      await client.endAsync()
      await closed
      return inbox
    })()`)
    expect(answer).toEqual([`to-browser/${index}/own 100000`, `to-browser/${index}/own 1`])
    expect(await heard).toBe('hello')
    await page.close()
  })

  it('the address of a PROXY header is that of logs, and refusals are logged for who looks for them', async () => {
    const proxied = await openSocket('127.0.0.1', ports.proxied)
    proxied.write('PROXY TCP4 203.0.113.7 192.0.2.1 51034 1883\r\n')
    proxied.write(bytes("10 RL s'MQTT' 04 02 0000 s'proxied'"))
    proxied.write(bytes('E0 00'))
    await waggle.waitForLog(/DEBUG.* proxied at 203\.0\.113\.7: Client sent DISCONNECT/)
    proxied.destroy()
    const direct = await openSocket('127.0.0.1', ports.proxied)
    direct.write(bytes("10 RL s'MQTT' 04 02 0000 s'direct'"))
    await waggle.waitForLog(/DEBUG.*Connection from 127\.0\.0\.1 was refused: no PROXY header/)
    const lost = await RawWebSocket.dial(ports.ws, upgradeRequest('/elsewhere'))
    await lost.ended()
    await waggle.waitForLog(/DEBUG.*Connection from 127\.0\.0\.1 was refused: HTTP 404, not the path/)
    expect(waggle.log).not.toMatch(/ (WARN|ERROR) .*(PROXY|HTTP)/)
  })

  it('stops with a word to WebSocket clients too', async () => {
    const client = await connect(urls[0]!, { protocolVersion: 5 })
    const word = new Promise<number | undefined>((resolve) =>
      client.on('disconnect', ({ reasonCode }) => resolve(reasonCode)),
    )
    expect(await waggle.stop()).toBe(0)
    expect(await word).toBe(0x8b)
    expect(waggle.log).not.toContain('ERROR')
  })
})
