// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { cpSync, readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encodePacket } from '../../src/codec/packet.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { writeExtension } from '../support/extension-folders.ts'
import { freePort } from '../support/free-port.ts'
import { WaggleHome } from '../support/waggle-home.ts'

const ID = 'hivemq-heartbeat-extension'
const FIXTURE = join(import.meta.dirname, '../fixtures/umh/heartbeat.xml')

function configXml(port: number): string {
  return readFileSync(FIXTURE, 'utf8').replace('9090', String(port))
}

async function ask(port: number): Promise<{ status: number; body: string }> {
  const response = await fetch(`http://127.0.0.1:${port}/heartbeat`)
  return { status: response.status, body: await response.text() }
}

describe('the heartbeat of a running broker', () => {
  it('follows the files of the United Manufacturing Hub, which come after the start', async () => {
    await using home = new WaggleHome()
    const [shipped, copied] = [await freePort(), await freePort()]
    const files = { 'extension-config.xml': configXml(shipped), 'hivemq-heartbeat-extension-1.0.4.jar': 'PK' }
    const folder = writeExtension(join(home.folder, 'extensions'), ID, files, { priority: 1000 })
    // At every further start the init container copies the folder into itself.
    const inner = join(home.folder, 'inner')
    cpSync(folder, inner, { recursive: true })
    cpSync(inner, join(folder, ID), { recursive: true })
    const waggle = await home.start()
    expect(await ask(shipped)).toEqual({ status: 200, body: '' })
    home.write(`extensions/${ID}/extension-config.xml`, configXml(copied))
    await waggle.waitForLog(new RegExp(`answers at http://0\\.0\\.0\\.0:${copied}/heartbeat`))
    expect(await ask(copied)).toEqual({ status: 200, body: '' })
    expect(await waggle.stop()).toBe(0)
    expect(waggle.log.match(/WARN/g)).toHaveLength(1)
    expect(waggle.log).toMatch(/WARN .*This deployment is not secure!/)
  })

  it('says which listener is not bound', async () => {
    const squatter = createServer().listen(0, '127.0.0.1')
    await once(squatter, 'listening')
    await using home = new WaggleHome()
    const port = await freePort()
    writeExtension(join(home.folder, 'extensions'), ID, { 'extension-config.xml': configXml(port) })
    const taken = (squatter.address() as AddressInfo).port
    const listener = `<tcp-listener><name>second</name><port>${taken}</port><bind-address>127.0.0.1</bind-address></tcp-listener>`
    await home.start(`<listeners>${listener}</listeners>`)
    expect(await ask(port)).toEqual({ status: 503, body: 'The listener second is not bound\n' })
    squatter.close()
  })

  it('is 503 from the signal to stop until the last client is gone', async () => {
    await using home = new WaggleHome()
    const port = await freePort()
    writeExtension(join(home.folder, 'extensions'), ID, { 'extension-config.xml': configXml(port) })
    const waggle = await home.start()
    // It takes its DISCONNECT and does not close its side.
    const client = connect({ port: waggle.port, host: '127.0.0.1', allowHalfOpen: true })
    client.write(
      encodePacket(
        {
          type: PacketType.CONNECT,
          protocolVersion: ProtocolVersion.V5,
          cleanStart: true,
          keepAliveSec: 0,
          clientId: 'client',
          properties: {},
        },
        ProtocolVersion.V5,
      ),
    )
    await once(client, 'data')
    expect(await ask(port)).toEqual({ status: 200, body: '' })
    waggle.child.kill('SIGTERM')
    await once(client, 'data')
    expect(await ask(port)).toEqual({ status: 503, body: 'The broker is stopping\n' })
    client.destroy()
    expect(await waggle.exitCode()).toBe(0)
    await expect(ask(port)).rejects.toThrow('fetch failed')
  })
})
