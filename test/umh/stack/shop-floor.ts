// SPDX-License-Identifier: Apache-2.0
import type { IClientOptions } from 'mqtt'
import { PASSWORD, StackClient } from './connect.ts'

/** sensorconnect: QoS 2, not retained, `ia/raw/…`. With TLS its client id is literally USE_TLS. */
export async function connectSensorconnect(url: string, options: IClientOptions = {}): Promise<StackClient> {
  return StackClient.connect(url, {
    clientId: 'united-manufacturing-hub-sensorconnect-0',
    username: 'SENSORCONNECT',
    password: PASSWORD,
    ...options,
  })
}

export async function publishReading(sensorconnect: StackClient, value: number): Promise<void> {
  const topic = 'ia/raw/2023000001/000200610104/X01/310-372-321'
  await sensorconnect.mqtt.publishAsync(topic, JSON.stringify({ timestamp_ms: value, distance: value }), { qos: 2 })
}

/** factoryinput, up to 0.10.0: QoS 2. */
export async function connectFactoryinput(url: string): Promise<StackClient> {
  return StackClient.connect(url, {
    clientId: 'united-manufacturing-hub-factoryinput-0',
    username: 'FACTORYINPUT',
    password: PASSWORD,
  })
}

/** mqtt-bridge, up to 0.10.0: the same literal client id on both of its sides. */
export async function connectMqttBridge(url: string): Promise<StackClient> {
  const bridge = await StackClient.connect(url, { clientId: 'NO_CERT', username: 'MQTT_BRIDGE', password: PASSWORD })
  await bridge.subscribe('ia/#', 2)
  return bridge
}

/** iotsensorsmqtt: MQTT 5, clean start, QoS 1, retained until November 2024. */
export async function connectIotSensors(url: string): Promise<StackClient> {
  return StackClient.connect(url, {
    protocolVersion: 5,
    clientId: 'IoTSensorsMQTT-Simulator',
    username: 'IOTSENSORSMQTT',
    password: PASSWORD,
    keepalive: 300,
  })
}

export async function publishTemperature(simulator: StackClient, value: number, retain: boolean): Promise<void> {
  const topic = 'ia/raw/development/ioTSensors/Temperature'
  await simulator.mqtt.publishAsync(topic, JSON.stringify({ temperature: value }), { qos: 1, retain })
}

export const PRODUCTION_LINE = 'testLocation/DefaultArea/DefaultProductionLine'

/** The PackML simulator: takes commands, tells its state with QoS 0, retained. */
export async function connectPackml(url: string): Promise<StackClient> {
  const simulator = await StackClient.connect(url, {
    clientId: 'mqttjs_3be2c321',
    username: 'PACKMLSIMULATOR',
    password: PASSWORD,
    keepalive: 60,
  })
  await simulator.subscribe(`${PRODUCTION_LINE}/Command/#`, 0)
  return simulator
}

export async function publishState(simulator: StackClient, state: string): Promise<void> {
  await simulator.mqtt.publishAsync(`${PRODUCTION_LINE}/Status/StateCurrent`, state, { qos: 0, retain: true })
}

/** Node-RED with the flow of the documentation. */
export async function connectNodeRed(url: string, options: IClientOptions = {}): Promise<StackClient> {
  const nodeRed = await StackClient.connect(url, {
    clientId: 'nodered_a1b2c3d4e5f60718',
    username: 'node-red',
    password: PASSWORD,
    keepalive: 60,
    ...options,
  })
  await nodeRed.subscribe('ia/+/+/+/count', 1)
  await nodeRed.subscribe('ia/#', 2)
  return nodeRed
}
