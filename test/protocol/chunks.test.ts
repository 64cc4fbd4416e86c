// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { bytes } from '../support/bytes.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { randomNumbers } from '../support/random.ts'
import { denyingAuthorizer } from '../support/script/denying-authorizer.ts'
import { ALL_VERSIONS, versionName } from '../support/script/script.ts'
import { startTcpTarget } from '../support/script/tcp-target.ts'

const CONNECTS: Readonly<Record<ProtocolVersion, string>> = {
  [ProtocolVersion.V3_1]: `10 RL s'MQIsdp' 03 02 003C s'id'`,
  [ProtocolVersion.V3_1_1]: `10 RL s'MQTT' 04 02 003C s'id'`,
  [ProtocolVersion.V5]: `10 RL s'MQTT' 05 02 003C 00 s'id'`,
}
/** Everything that a client can say, and at last a packet that the broker does not take. */
const PACKETS = [
  `82 RL 0001 [00] s't/#' 02`,
  `30 RL s't/0' [00] 'zero'`,
  `C0 00`,
  `32 RL s't/1' 0002 [00] x200'one'`,
  `34 RL s't/2' 0003 [00] 'two'`,
  `62 02 0003`,
  `40 02 0001`,
  `50 02 0002`,
  `70 02 0002`,
  `C0 00`,
  `A2 RL 0004 [00] s't/#'`,
  `30 RL s't/0' [00]`,
  `C0 00`,
  `E0 00`,
]

function inputOf(version: ProtocolVersion): Buffer {
  const isVersion5 = version === ProtocolVersion.V5
  return Buffer.concat([CONNECTS[version], ...PACKETS].map((packet) => bytes(packet, isVersion5)))
}

async function answerTo(chunks: readonly Buffer[]): Promise<string> {
  const broker = await MemoryBroker.start()
  const transport = broker.open()
  const received: Buffer[] = []
  for (const chunk of chunks) {
    transport.send(chunk)
    broker.settle()
    received.push(transport.take())
  }
  expect(transport.isEnded).toBe(true)
  transport.drop()
  broker.broker.wheel.clear()
  return Buffer.concat(received).toString('hex')
}

function cut(input: Buffer, ends: Iterable<number>): Buffer[] {
  const chunks: Buffer[] = []
  let start = 0
  for (const end of [...ends, input.length]) {
    chunks.push(input.subarray(start, end))
    start = end
  }
  return chunks
}

describe.each(ALL_VERSIONS.map((version) => ({ version, name: versionName(version) })))('MQTT $name', ({ version }) => {
  const input = inputOf(version)

  it('FR-06: packets are answered the same at whatever byte they are cut', async () => {
    const expected = await answerTo([input])
    expect(expected).toMatch(/^20.*d000$/)
    for (let at = 1; at < input.length; at++) expect(await answerTo(cut(input, [at])), `cut at ${at}`).toBe(expected)
  })

  it('FR-06: packets are answered the same in chunks of any size', async () => {
    const expected = await answerTo([input])
    for (let size = 1; size < input.length; size++) {
      const ends = Array.from({ length: Math.ceil(input.length / size) - 1 }, (_, i) => (i + 1) * size)
      expect(await answerTo(cut(input, ends)), `chunks of ${size}`).toBe(expected)
    }
  })

  it('FR-06: packets are answered the same in chunks of random sizes', async () => {
    const expected = await answerTo([input])
    const random = randomNumbers(6)
    for (let round = 0; round < 200; round++) {
      const ends: number[] = []
      for (let end = 1 + random(30); end < input.length; end += 1 + random(30)) ends.push(end)
      expect(await answerTo(cut(input, ends)), `cut at ${ends.join(' ')}`).toBe(expected)
    }
  })

  it.each(['byte by byte', 'in one piece'])('FR-06: packets are answered the same over TCP %s', async (way) => {
    const expected = await answerTo([input])
    const target = await startTcpTarget({}, denyingAuthorizer([]))
    try {
      const stream = await target.open()
      for (const chunk of way === 'in one piece' ? [input] : cut(input, input.keys())) {
        if (chunk.length === 0) continue
        await stream.send(chunk)
        await target.settle(() => true)
      }
      await target.settle(() => stream.isEnded)
      expect(stream.received.toString('hex')).toBe(expected)
      expect(stream.isEnded).toBe(true)
    } finally {
      await target.stop()
    }
  })
})
