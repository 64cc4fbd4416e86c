// SPDX-License-Identifier: Apache-2.0
import { Fault } from '../../src/codec/fault.ts'
import { encodePacket, type Packet } from '../../src/codec/packet.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { bytes } from '../../test/support/bytes.ts'
import { decodeFrame, splitFrames } from '../../test/support/script/frames.ts'
import { toPacket } from '../../test/support/script/packet-notation.ts'
import type { RemoteTarget } from '../../test/support/script/remote-target.ts'
import type { Script } from '../../test/support/script/script.ts'
import type { TargetStream } from '../../test/support/script/target.ts'

const VERSION = ProtocolVersion.V3_1_1

/** Removes from a broker what a script may have left there, for the next one. */
export async function cleanUpAfter(script: Script, version: ProtocolVersion, target: RemoteTarget): Promise<void> {
  // A clean session ends the one that was there; it comes first, because that may publish a retained will.
  for (const clientId of clientIdsOf(script, version)) (await connect(clientId, target)).drop()
  for (const filter of sharedFiltersOf(script)) await drain(filter, target)
  if (!mayRetain(script)) return
  const { stream, topics } = await subscribeToAll(target)
  for (const topicName of topics) {
    await stream.send(encodePacket({ ...toPacket('PUBLISH t retain', VERSION, ''), topicName } as Packet, VERSION))
  }
  await target.quiet()
  stream.drop()
}

/** Topics of which a broker has retained messages. */
export async function retainedTopics(target: RemoteTarget): Promise<string[]> {
  const { stream, topics } = await subscribeToAll(target)
  stream.drop()
  return topics
}

async function subscribeToAll(target: RemoteTarget): Promise<{ stream: TargetStream; topics: string[] }> {
  const stream = await subscribe('#', target)
  const topics = splitFrames(stream.received).flatMap((frame) => {
    const packet = decodeFrame(frame, VERSION)
    return !(packet instanceof Fault) && packet.type === PacketType.PUBLISH && packet.retain ? [packet.topicName] : []
  })
  return { stream, topics }
}

/** HiveMQ keeps what waits in a group for some time after its last member has left. */
async function drain(filter: string, target: RemoteTarget): Promise<void> {
  const stream = await subscribe(filter, target)
  for (let seen = 0; stream.received.length > seen; await target.quiet()) seen = stream.received.length
  stream.drop()
}

async function subscribe(filter: string, target: RemoteTarget): Promise<TargetStream> {
  const stream = await connect('clean-up', target)
  await stream.send(encodePacket(toPacket(`SUBSCRIBE ${filter}:0`, VERSION, ''), VERSION))
  await target.quiet()
  return stream
}

/** A broker may refuse an identifier; then it has nothing of that client. */
async function connect(clientId: string, target: RemoteTarget): Promise<TargetStream> {
  const stream = await target.open()
  await stream.send(encodePacket({ ...toPacket('CONNECT', VERSION, ''), clientId } as Packet, VERSION))
  await target.settle(() => stream.received.length > 0 || stream.isEnded)
  return stream
}

/** The letter of a client unless it says something else, in words or in bytes. */
function clientIdsOf({ lines }: Script, version: ProtocolVersion): Set<string> {
  const ids = new Set<string>()
  for (const { step } of lines) {
    if (step.type !== 'send') continue
    ids.add(/^CONNECT .*\bid=(\S+)/.exec(step.text)?.[1] ?? step.client.toLowerCase())
    if (!step.text.startsWith('hex 10')) continue
    for (const frame of splitFrames(bytes(step.text.slice(4), version === ProtocolVersion.V5))) {
      const packet = decodeFrame(frame, version)
      if (!(packet instanceof Fault) && packet.type === PacketType.CONNECT) ids.add(packet.clientId)
    }
  }
  ids.delete('')
  return ids
}

/** Those that may be valid. */
function sharedFiltersOf({ lines }: Script): Set<string> {
  return new Set(lines.flatMap(({ text }) => text.match(/\$share\/[^\s/+#':]+\/[^\s':]+/g) ?? []))
}

/** By RETAIN, as a word or as the lowest bit of a PUBLISH among bytes; the will of a CONNECT among bytes may have it. */
function mayRetain({ lines }: Script): boolean {
  return lines.some(({ step }) => step.type === 'send' && /retain|^hex (10|3[13579bdf])/i.test(step.text))
}
