// SPDX-License-Identifier: Apache-2.0
import { connectAsync, type MqttClient } from 'mqtt'

// A shift of a factory: machines publish what they measure, by ISA-95 topics and by the older ones of UMH, and a bridge
// subscribes to all of it and counts, as the bridge to Kafka does.

export interface ShiftOptions {
  readonly port: number
  readonly machines: number
  readonly messagesPerMachine: number
}

export interface ShiftReport {
  readonly sent: number
  readonly received: number
  readonly duplicates: number
  readonly seconds: number
}

/** What a machine says in one message; `machine` and `number` together are seen once. */
interface Measurement {
  readonly machine: number
  readonly number: number
}

const LINES = 8
const TAGS = ['temperature', 'vibration', 'spindle/speed', 'power', 'parts'] as const

function topicOf(machine: number, number: number): string {
  const tag = TAGS[number % TAGS.length]!
  // One machine in four still speaks the older scheme.
  if (machine % 4 === 3) return `ia/factory/aachen/machine-${machine}/processValue`
  const line = `line-${machine % LINES}`
  return `umh/v1/enterprise/aachen/hall-${machine % 2}/${line}/cell-${machine}/_historian/${tag}`
}

/** JSON of 100 to 400 bytes. */
function payloadOf({ machine, number }: Measurement): string {
  const values = Object.fromEntries(
    Array.from({ length: 3 + ((machine + number) % 12) }, (_, i) => [
      `value_${i}`,
      20 + ((machine * 7 + number * i) % 1_000) / 10,
    ]),
  )
  return JSON.stringify({
    timestamp_ms: 1_700_000_000_000 + number * 100,
    machine,
    number,
    unit: 'degree celsius',
    ...values,
  })
}

/** Plays the shift and ends when every message has arrived. */
export async function playShift({ port, machines, messagesPerMachine }: ShiftOptions): Promise<ShiftReport> {
  const url = `mqtt://127.0.0.1:${port}`
  const sent = machines * messagesPerMachine
  const bridge = await connectAsync(url, { clientId: 'bridge', protocolVersion: 5, clean: true })
  const seen = new Set<string>()
  let received = 0
  const allArrived = new Promise<void>((resolve) => {
    bridge.on('message', (topic, payload) => {
      const { machine, number } = JSON.parse(payload.toString()) as Measurement
      if (topic === topicOf(machine, number)) seen.add(`${machine} ${number}`)
      if (++received >= sent) resolve()
    })
  })
  await bridge.subscribeAsync(['umh/#', 'ia/#'], { qos: 1 })
  const clients = await Promise.all(Array.from({ length: machines }, (_, machine) => connectMachine(url, machine)))
  const start = performance.now()
  await Promise.all(clients.map((client, machine) => work(client, machine, messagesPerMachine)))
  await allArrived
  const seconds = (performance.now() - start) / 1000
  await Promise.all([bridge, ...clients].map((client) => client.endAsync()))
  return { sent, received, duplicates: received - seen.size, seconds }
}

/** Old and new machines: all three versions of MQTT. */
function connectMachine(url: string, machine: number): Promise<MqttClient> {
  const clientId = `machine-${machine}`
  switch (machine % 3) {
    case 0:
      return connectAsync(url, { clientId, protocolVersion: 5 })
    case 1:
      return connectAsync(url, { clientId, protocolVersion: 4 })
    default:
      return connectAsync(url, { clientId, protocolVersion: 3, protocolId: 'MQIsdp' })
  }
}

async function work(client: MqttClient, machine: number, count: number): Promise<void> {
  for (let number = 0; number < count; number++) {
    const qos = machine % 5 === 0 ? 2 : 1
    await client.publishAsync(topicOf(machine, number), payloadOf({ machine, number }), { qos })
  }
}
