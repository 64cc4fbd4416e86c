// SPDX-License-Identifier: Apache-2.0
import { StackClient } from '../stack/connect.ts'

const TOPICS: Readonly<Record<string, string>> = {
  ia: 'ia/factory/line',
  raw: 'ia/raw/sensor',
  umh: 'umh/v1/factory',
  packml: 'testLocation/DefaultArea/DefaultProductionLine/Status',
  other: 'other/topic',
}

const ALL = (topics: readonly string[]): string =>
  Object.keys(TOPICS)
    .map((name) => `${name}${topics.includes(name) ? '++' : '--'}`)
    .join(' ')

/** What the roles of chart 0.15.0 say: for each topic + or - for publishing and for subscribing. */
export const PERMISSIONS: Readonly<Record<string, string>> = {
  MQTT_KAFKA_BRIDGE: ALL(['ia', 'raw']),
  SENSORCONNECT: ALL(['ia', 'raw']),
  IOTSENSORSMQTT: ALL(['raw']),
  PACKMLSIMULATOR: ALL(['packml']),
  'node-red': ALL(['ia', 'raw', 'umh', 'packml']),
}

/** The same as it is found by trying. */
export async function permissionsOf(url: string, username: string, password: string): Promise<string> {
  const login = { username, password, protocolVersion: 5, clientId: `${username}-tries` } as const
  const seen: string[] = []
  await using subscriber = await StackClient.connect(url, { ...login, clientId: `${username}-subscribes` })
  for (const [name, topic] of Object.entries(TOPICS)) {
    // A PUBLISH that is denied ends the connection.
    await using publisher = await StackClient.connect(url, login)
    const canPublish = await isGranted(publisher.mqtt.publishAsync(topic, '{}', { qos: 1 }))
    const canSubscribe = await isGranted(subscriber.subscribe(topic, 1))
    seen.push(`${name}${canPublish ? '+' : '-'}${canSubscribe ? '+' : '-'}`)
  }
  return seen.join(' ')
}

async function isGranted(answer: Promise<unknown>): Promise<boolean> {
  try {
    await answer
    return true
  } catch {
    return false
  }
}
