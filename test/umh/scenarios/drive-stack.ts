// SPDX-License-Identifier: Apache-2.0
import { setTimeout as pause } from 'node:timers/promises'
import type { Findings } from '../findings.ts'
import { PATIENCE_MS, StackClient, withCertificate } from '../stack/connect.ts'
import { connectBenthos, connectDatabridge, connectKafkaBridge } from '../stack/kafka-bridge.ts'
import {
  connectFactoryinput,
  connectIotSensors,
  connectMqttBridge,
  connectNodeRed,
  connectPackml,
  connectSensorconnect,
  PRODUCTION_LINE,
  publishReading,
  publishState,
  publishTemperature,
} from '../stack/shop-floor.ts'
import { waitUntil } from '../stack/wait-until.ts'

const ROUNDS = 100
const ROUND_MS = 50

/** All programs of the stack at once, as long as a rehearsal may take; each says what it should have got. */
export async function driveStack(findings: Findings, address: string): Promise<void> {
  await findings.look(35, 'all clients, by 1883 and by 8883 with certificates', async () => {
    const plain = `mqtt://${address}`
    const tls = `mqtts://${address}:8883`
    const begin = performance.now()
    await using stack = new AsyncDisposableStack()
    const use = <T extends AsyncDisposable>(client: T): T => stack.use(client)

    const bridges = [
      use(await connectKafkaBridge(plain, 0)),
      use(await connectKafkaBridge(tls, 1, withCertificate('client-pinned'))),
    ]
    const databridge = use(await connectDatabridge(plain))
    const benthos = use(await connectBenthos(plain))
    const nodeRed = use(await connectNodeRed(tls, withCertificate('client-expired')))
    const sensorconnect = use(
      await connectSensorconnect(tls, { ...withCertificate('client-pinned'), clientId: 'USE_TLS' }),
    )
    const factoryinput = use(await connectFactoryinput(plain))
    const mqttBridge = use(await connectMqttBridge(plain))
    const iotSensors = use(await connectIotSensors(plain))
    const packml = use(await connectPackml(plain))
    const operator = use(await StackClient.connect(plain, { clientId: 'operator' }))
    const all = [
      ...bridges,
      databridge,
      benthos,
      nodeRed,
      sensorconnect,
      factoryinput,
      mqttBridge,
      iotSensors,
      packml,
      operator,
    ]

    for (let round = 0; round < ROUNDS; round++) {
      await publishReading(sensorconnect, round)
      await publishTemperature(iotSensors, round, round % 2 === 0)
      await publishState(packml, String(round))
      await factoryinput.mqtt.publishAsync('ia/customer/location/asset/count', `{"count":${round}}`, { qos: 2 })
      // What Kafka brings comes back by the bridge that has taken it from here: no end of loops.
      await bridges[0]!.mqtt.publishAsync('ia/factory/line/station/count', `{"count":${round}}`, { qos: 1 })
      await operator.mqtt.publishAsync(`${PRODUCTION_LINE}/Command/Start`, String(round), { qos: 0 })
      await operator.mqtt.publishAsync('umh/v1/factory/_historian/weight', `{"value":${round}}`, { qos: 1 })
      await pause(ROUND_MS)
    }
    const expected = ROUNDS * 4
    await nodeRed.received(expected)
    const shares = (): number[] => bridges.map(({ messages }) => messages.length)
    const counts = (): readonly (readonly [name: string, seen: number, expected: number])[] => [
      ['Kafka bridges together', shares()[0]! + shares()[1]!, expected],
      ['mqtt-bridge', mqttBridge.messages.length, expected],
      ['databridge', databridge.messages.length, ROUNDS],
      ['Benthos', benthos.messages.length, ROUNDS],
      ['PackML simulator', packml.messages.length, ROUNDS],
    ]
    const told = (): string =>
      counts()
        .map(([name, seen, count]) => `${name} ${seen}/${count}`)
        .join(', ')
    await waitUntil(() => counts().every(([, seen, count]) => seen >= count), PATIENCE_MS, told)
    const isExact = counts().every(([, seen, count]) => seen === count)
    // Node-RED's two subscriptions overlap: it gets such a message once or twice.
    const nodeRedCount = nodeRed.messages.length
    const isNodeRedRight = nodeRedCount === expected || nodeRedCount === expected + 2 * ROUNDS
    const losses = all.reduce((sum, client) => sum + client.losses, 0)
    const isFair = Math.min(...shares()) > 0
    return [
      isExact && isNodeRedRight && losses === 0 && isFair,
      `${all.length} clients, ${losses} connections lost in ${Math.round((performance.now() - begin) / 1000)} s (here, not a day); ` +
        `${told()}, split ${shares().join(':')}; Node-RED ${nodeRedCount}`,
    ]
  })
}
