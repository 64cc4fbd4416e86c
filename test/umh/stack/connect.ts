// SPDX-License-Identifier: Apache-2.0
import { connect, type ErrorWithReasonCode, type IClientOptions, type MqttClient } from 'mqtt'
import { credentials } from '../../support/tls/fixtures.ts'
import { waitUntil } from './wait-until.ts'

/** What UMH's charts set for every user. */
export const PASSWORD = 'INSECURE_INSECURE_INSECURE'
/** Nothing takes longer, unless it does not come at all. */
export const PATIENCE_MS = 15_000

export interface Message {
  readonly topic: string
  readonly text: string
  readonly qos: number
  readonly retain: boolean
}

/** One program of the stack. It does not reconnect: it counts instead how often it would have to. */
export class StackClient implements AsyncDisposable {
  readonly mqtt: MqttClient
  readonly messages: Message[] = []
  losses = 0
  /** The reason of a DISCONNECT of MQTT 5. */
  disconnectReason: number | null = null

  constructor(mqtt: MqttClient) {
    this.mqtt = mqtt
    mqtt.on('message', (topic, payload, { qos, retain }) => {
      this.messages.push({ topic, text: payload.toString(), qos, retain })
    })
    mqtt.on('disconnect', ({ reasonCode }) => (this.disconnectReason = reasonCode ?? 0))
    mqtt.on('close', () => this.losses++)
    mqtt.on('error', () => undefined)
  }

  static async connect(url: string, options: IClientOptions = {}): Promise<StackClient> {
    const client = new StackClient(
      connect(url, { protocolVersion: 4, reconnectPeriod: 0, connectTimeout: PATIENCE_MS, ...options }),
    )
    // Not connectAsync: what waits in a session comes before one could listen.
    await new Promise<void>((resolve, reject) => {
      client.mqtt.once('connect', () => resolve())
      client.mqtt.once('error', reject)
      client.mqtt.once('close', () => reject(new Error('the connection was closed')))
    })
    return client
  }

  /** Subscribes; throws where it is refused. MQTT.js keeps the reason of MQTT 3.1.1 to itself: 128 as in MQTT 5. */
  async subscribe(filter: string, qos: 0 | 1 | 2): Promise<void> {
    const [grant] = await this.mqtt.subscribeAsync(filter, { qos })
    if (grant !== undefined && grant.qos > 2) throw new Error(`${filter} is refused with ${grant.qos}`)
  }

  /** Waits until so many messages have come, and a moment more whether there is one too many. */
  async received(count: number, patienceMs: number = PATIENCE_MS): Promise<readonly Message[]> {
    await waitUntil(
      () => this.messages.length >= count,
      patienceMs,
      () => `${this.messages.length} of ${count} messages have come`,
    )
    return this.messages
  }

  async lost(): Promise<void> {
    await waitUntil(
      () => this.losses > 0,
      PATIENCE_MS,
      () => 'the connection was not closed',
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mqtt.endAsync(true)
  }
}

/** The reason code with which a client is refused; 0 if it is not. */
export async function refusal(url: string, options: IClientOptions = {}): Promise<number> {
  try {
    await using client = await StackClient.connect(url, options)
    return client.losses
  } catch (error) {
    const { code } = error as ErrorWithReasonCode
    if (typeof code === 'number') return code
    throw error
  }
}

/** Where TLS or the way there may fail as well. */
export async function connects(url: string, options: IClientOptions = {}): Promise<boolean> {
  try {
    return (await refusal(url, options)) === 0
  } catch {
    return false
  }
}

/** A client certificate that the trust store names; `mqtts://` with the address of a pod as UMH does it, without looking at the server's name. */
export function withCertificate(name: string): IClientOptions {
  return { ...credentials(name), rejectUnauthorized: false }
}
