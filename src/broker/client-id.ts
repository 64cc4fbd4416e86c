// SPDX-License-Identifier: Apache-2.0
import { randomBytes, randomInt } from 'node:crypto'

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
let counter = 0

/** Five letters or digits that name this run of the broker, as in HiveMQ's log. */
export const brokerId: string = Array.from({ length: 5 }, () => LETTERS[randomInt(LETTERS.length)]).join('')

/**
 * The identifier for a client that sends none [MQTT-3.1.3-6] [MQTT4-3.1.3-6]: `hmq_<broker>_<counter>_<random>`, HiveMQ's
 * form, because dashboards and permission patterns know the prefix. The random part keeps it from being guessed.
 */
export function assignClientId(): string {
  counter++
  return `hmq_${brokerId}_${counter}_${randomBytes(16).toString('hex')}`
}
