// SPDX-License-Identifier: Apache-2.0
import type { IClientOptions } from 'mqtt'
import { PASSWORD, StackClient } from './connect.ts'

/** 64 hexadecimal digits: SHA3-256 of the serial number `default`. */
export const SERIAL_HASH = '2747cabbb481a433679f6dc8aae833dd1b64452778b97e2729bd3c54dede0886'

/** MQTT-Kafka bridge, era A: a clean MQTT 3.1.1 session with the name of its pod, a shared subscription of QoS 1. */
export async function connectKafkaBridge(url: string, pod = 0, options: IClientOptions = {}): Promise<StackClient> {
  const bridge = await StackClient.connect(url, {
    clientId: `united-manufacturing-hub-mqttkafkabridge-7d9f8b6c5d-x2v${pod}q`,
    username: 'MQTT_KAFKA_BRIDGE',
    password: PASSWORD,
    keepalive: 30,
    ...options,
  })
  await bridge.subscribe('$share/MQTT_KAFKA_BRIDGE/ia/#', 1)
  return bridge
}

/** Databridge, 0.9.15 to 0.15.0: a share name of 76 characters. There is no user for it where RBAC is on. */
export async function connectDatabridge(url: string): Promise<StackClient> {
  const bridge = await StackClient.connect(url, {
    clientId: 'united-manufacturing-hub-databridge-0-6c7f9d5b8-k4m2z',
    username: 'DATA_BRIDGE',
    password: PASSWORD,
    keepalive: 30,
  })
  await bridge.subscribe(`$share/DATA_BRIDGE_${SERIAL_HASH}/umh/v1/#`, 1)
  return bridge
}

const LEVELS = 6

/** Benthos, era B: no login, six filters. */
export async function connectBenthos(url: string): Promise<StackClient> {
  const bridge = await StackClient.connect(url, {
    clientId: 'mqtt_to_kafka_historian_bridge_defaultV1StGXR8_Z5jdHi6B-myT',
    keepalive: 30,
  })
  for (let levels = 1; levels <= LEVELS; levels++) {
    await bridge.subscribe(`umh/v1/${'+/'.repeat(levels)}_historian/#`, 1)
  }
  return bridge
}
