// SPDX-License-Identifier: Apache-2.0
import type { IClientOptions } from 'mqtt'
import type { Findings } from '../findings.ts'
import { PATIENCE_MS, refusal, StackClient } from '../stack/connect.ts'
import { connectBenthos, connectDatabridge, SERIAL_HASH } from '../stack/kafka-bridge.ts'
import { waitUntil } from '../stack/wait-until.ts'

const VERSIONS: Readonly<Record<string, IClientOptions>> = {
  '3.1': { protocolId: 'MQIsdp', protocolVersion: 3 },
  '3.1.1': { protocolVersion: 4 },
  '5': { protocolVersion: 5 },
}
const QOS = [0, 1, 2] as const

/** The points about MQTT, with a configuration that has retained messages. */
export async function protocol(findings: Findings, address: string): Promise<void> {
  const url = `mqtt://${address}`
  await findings.look(31, 'each version to each version with each QoS', () => everyPair(url))
  await findings.look(31, 'a shared subscription in each version', () => sharing(url))
  await findings.look(31, 'six overlapping filters of Benthos', () => overlapping(url))
  await findings.look(31, 'retained', () => retaining(url))
  await findings.look(32, 'empty client id', async () => {
    const old = await refusal(url, { clientId: '', clean: true })
    const v5 = await refusal(url, { clientId: '', protocolVersion: 5 })
    return [old === 2 && v5 === 0x85, `3.1.1: ${old}, 5: ${v5}`]
  })
  await findings.look(33, 'long names', () => longNames(url))
  for (const [version, options] of Object.entries(VERSIONS)) {
    await findings.look(34, version, () => takeOver(url, options))
  }
}

async function everyPair(url: string): Promise<readonly [boolean, string]> {
  let right = 0
  let all = 0
  for (const [from, publisherOptions] of Object.entries(VERSIONS)) {
    await using publisher = await StackClient.connect(url, { ...publisherOptions, clientId: `from${from}` })
    for (const [to, subscriberOptions] of Object.entries(VERSIONS)) {
      await using subscriber = await StackClient.connect(url, { ...subscriberOptions, clientId: `to${to}` })
      await subscriber.subscribe(`pair/${from}/${to}`, 2)
      for (const qos of QOS) await publisher.mqtt.publishAsync(`pair/${from}/${to}`, String(qos), { qos })
      const messages = await subscriber.received(QOS.length)
      all++
      if (
        messages
          .map(({ qos, text }) => `${qos}${text}`)
          .toSorted()
          .join(' ') === '00 11 22'
      )
        right++
    }
  }
  return [right === all, `${right} of ${all} pairs`]
}

async function sharing(url: string): Promise<readonly [boolean, string]> {
  const clients = await Promise.all(
    Object.entries(VERSIONS).map(async ([version, options]) => {
      const client = await StackClient.connect(url, { ...options, clientId: `share${version}` })
      await client.subscribe('$share/group/shared/#', 1)
      return client
    }),
  )
  try {
    await using publisher = await StackClient.connect(url)
    const count = 60
    for (let i = 0; i < count; i++) await publisher.mqtt.publishAsync('shared/topic', String(i), { qos: 1 })
    const total = (): number => clients.reduce((sum, { messages }) => sum + messages.length, 0)
    await waitUntil(
      () => total() >= count,
      PATIENCE_MS,
      () => `${total()} of ${count} messages have come`,
    )
    const counts = clients.map(({ messages }) => messages.length)
    return [total() === count && counts.every((part) => part > 0), `${count} messages: ${counts.join(' + ')}`]
  } finally {
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()))
  }
}

async function overlapping(url: string): Promise<readonly [boolean, string]> {
  await using benthos = await connectBenthos(url)
  await using publisher = await StackClient.connect(url)
  await publisher.mqtt.publishAsync('umh/v1/enterprise/site/_historian/temperature', '{"value":1}', { qos: 1 })
  await publisher.mqtt.publishAsync('umh/v1/enterprise/_historian/a/_historian/b', '{"value":2}', { qos: 1 })
  await publisher.mqtt.publishAsync('umh/v1/a/_historian/end', '{"value":3}', { qos: 1 })
  const messages = await benthos.received(3)
  const counts = [1, 2, 3].map((value) => messages.filter(({ text }) => text === `{"value":${value}}`).length)
  const isRight = counts[0] === 1 && counts[2] === 1 && (counts[1] === 1 || counts[1] === 2)
  return [isRight, `a topic with _historian twice came ${counts[1]} times, the others ${counts[0]} and ${counts[2]}`]
}

async function retaining(url: string): Promise<readonly [boolean, string]> {
  await using publisher = await StackClient.connect(url)
  await publisher.mqtt.publishAsync('kept/a', 'first', { qos: 1, retain: true })
  await using subscriber = await StackClient.connect(url)
  await subscriber.subscribe('kept/#', 1)
  const [message] = await subscriber.received(1)
  await publisher.mqtt.publishAsync('kept/a', '', { qos: 1, retain: true })
  return [message!.retain && message!.text === 'first', 'kept for later subscribers']
}

async function longNames(url: string): Promise<readonly [boolean, string]> {
  await using bridge = await connectDatabridge(url)
  const id = bridge.mqtt.options.clientId!
  await using publisher = await StackClient.connect(url)
  await publisher.mqtt.publishAsync('umh/v1/enterprise/_historian', '{}', { qos: 1 })
  const messages = await bridge.received(1)
  const share = `DATA_BRIDGE_${SERIAL_HASH}`
  return [messages.length === 1, `client id of ${id.length} characters, share name of ${share.length}: a message came`]
}

async function takeOver(url: string, options: IClientOptions): Promise<readonly [boolean, string]> {
  await using older = await StackClient.connect(url, { ...options, clientId: 'USE_TLS' })
  await using newer = await StackClient.connect(url, { ...options, clientId: 'USE_TLS' })
  await older.lost()
  const isV5 = options.protocolVersion === 5
  const reason = isV5 ? `DISCONNECT ${older.disconnectReason}` : 'closed'
  return [newer.losses === 0 && (!isV5 || older.disconnectReason === 0x8e), reason]
}
