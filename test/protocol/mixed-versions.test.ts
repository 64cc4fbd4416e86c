// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { Logger } from '../../src/broker/logger.ts'
import type { Ack } from '../../src/codec/ack.ts'
import { PacketType, type QoS } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import type { ChangeRecord } from '../../src/store/change-record.ts'
import { MemoryStore } from '../../src/store/memory-store.ts'
import { bytes } from '../support/bytes.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient } from '../support/memory-client.ts'
import { ALL_VERSIONS, versionName } from '../support/script/script.ts'

/** A store on a disk that has no space left, for a moment or for good. */
class FailingStore extends MemoryStore {
  /** So many changes fail from now on. */
  failures = 0

  override append(record: ChangeRecord): void {
    if (this.failures > 0) {
      this.failures--
      throw new Error('no space left on device')
    }
    super.append(record)
  }
}

const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

interface Scene {
  readonly store: FailingStore
  readonly broker: MemoryBroker
  readonly client: MemoryClient
  readonly bystander: MemoryClient
}

async function openScene(version: ProtocolVersion): Promise<Scene> {
  const store = new FailingStore()
  const broker = await MemoryBroker.start({ store, logger: silentLogger })
  const away = MemoryClient.connect(broker, 'away', { isPersistent: true })
  away.subscribe(['t'], 2)
  away.drop()
  const client = MemoryClient.connect(broker, 'client', { version, isPersistent: true })
  const bystander = MemoryClient.connect(broker, 'bystander', { version })
  return { store, broker, client, bystander }
}

/**
 * What the client was told: nothing but the end before MQTT 5, there an error code in the answer or DISCONNECT. It is of no
 * consequence for others.
 */
function outcomeOf({ client, bystander, store }: Scene): string {
  bystander.send({ type: PacketType.PINGREQ })
  bystander.takeFirst(PacketType.PINGRESP)
  store.failures = 0
  bystander.publish('t', 'm', { qos: 1 })
  const puback = bystander.takeFirst<Ack>(PacketType.PUBACK)
  if (puback.reasonCode !== 0) throw new Error(`the bystander was answered with ${puback.reasonCode}`)
  const packets = client.take()
  if (client.version !== ProtocolVersion.V5) {
    return packets.length === 0 && client.transport.isEnded ? 'failed' : 'was answered'
  }
  const codes = packets.flatMap((packet) =>
    'reasonCode' in packet ? [packet.reasonCode] : 'reasonCodes' in packet ? packet.reasonCodes : [0],
  )
  return codes.length > 0 && codes.every((code) => code === 0x80 || code === 0x83) ? 'failed' : `codes ${codes.join()}`
}

describe.each(ALL_VERSIONS.map((version) => ({ version, name: versionName(version) })))('MQTT $name', ({ version }) => {
  // [MQTT4-4.8.0-2]
  it.each<{ qos: QoS }>([{ qos: 1 }, { qos: 2 }])(
    'MX-05 MX-06 ER-22: a QoS $qos PUBLISH that cannot be stored is not acknowledged',
    async ({ qos }) => {
      const scene = await openScene(version)
      scene.store.failures = 1
      scene.client.publish('t', 'm', { qos, packetId: 7 })
      expect(outcomeOf(scene)).toBe('failed')
    },
  )

  it('MX-05 MX-06: while nothing can be stored clients that ask for it are closed, and others are served', async () => {
    const scene = await openScene(version)
    scene.store.failures = Number.POSITIVE_INFINITY
    scene.client.publish('t', 'm', { qos: 1, packetId: 7 })
    expect(outcomeOf(scene)).toBe('failed')
  })

  it('MX-05 MX-06: a retained message that cannot be stored is not acknowledged', async () => {
    const scene = await openScene(version)
    scene.store.failures = 1
    scene.client.publish('r', 'm', { qos: 1, packetId: 7, retain: true })
    expect(outcomeOf(scene)).toBe('failed')
  })

  it('MX-05 MX-06 ER-86: a SUBSCRIBE that cannot be stored is not granted', async () => {
    const scene = await openScene(version)
    scene.store.failures = 1
    scene.client.sendBytes(bytes("82 RL 0007 [00] s'u' 01", version === ProtocolVersion.V5))
    expect(outcomeOf(scene)).toBe('failed')
  })

  it('MX-05 MX-06 ER-86: an UNSUBSCRIBE that cannot be stored is not answered with success', async () => {
    const scene = await openScene(version)
    scene.client.subscribe(['u'], 1)
    scene.store.failures = 1
    scene.client.sendBytes(bytes("A2 RL 0007 [00] s'u'", version === ProtocolVersion.V5))
    expect(outcomeOf(scene)).toBe('failed')
  })

  it('MX-05 MX-06: a PUBREL that cannot be stored is not answered with success', async () => {
    const scene = await openScene(version)
    scene.client.publish('nobody', 'm', { qos: 2, packetId: 7 })
    scene.client.takeFirst(PacketType.PUBREC)
    scene.store.failures = 1
    scene.client.ack(PacketType.PUBREL, 7)
    expect(outcomeOf(scene)).toBe('failed')
  })
})
