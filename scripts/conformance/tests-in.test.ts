// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { testsIn } from './tests-in.ts'

const TESTS = `
// [MQTT-1.0.0-1]
const HELPER = 1

// [MQTT-1.0.0-2]
it('AA-01: above', () => {
  expect(HELPER).toBe(1)
})

describe.each<{ qos: QoS }>([{ qos: 0 }])('QoS $qos', ({ qos }) => {
  it('AA-02: within', async () => {
    // [MQTT-1.0.0-3]
    expect(qos).toBe(0)
  })

  // [MQTT-1.0.0-4]
  it.each(['30 RL s\\'t\\' (', "it's )"])(
    'AA-03: with %s on a line of its own',
    { timeout: 20_000 },
    async (packet) => {
      expect(packet).toBe('') // [MQTT-1.0.0-5]
    },
  )
})

describe(\`AA-04: with \${count}\`, () => {
  const options = 1 // [MQTT-1.0.0-6]
})
`

it('finds the titles of tests and the tags in and above them', () => {
  expect(testsIn(TESTS).map(({ title, tags }) => [title, ...tags])).toEqual([
    ['AA-01: above', 'MQTT-1.0.0-2'],
    ['QoS $qos'],
    ['AA-02: within', 'MQTT-1.0.0-3'],
    ['AA-03: with %s on a line of its own', 'MQTT-1.0.0-4', 'MQTT-1.0.0-5'],
    ['AA-04: with ${count}', 'MQTT-1.0.0-6'],
  ])
})
