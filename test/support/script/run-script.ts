// SPDX-License-Identifier: Apache-2.0
import { Fault } from '../../../src/codec/fault.ts'
import { encodePacket } from '../../../src/codec/packet.ts'
import { ProtocolVersion } from '../../../src/codec/protocol-version.ts'
import { bytes } from '../bytes.ts'
import { differences } from './check-packet.ts'
import { decodeFrame, describeFrames, splitFrames } from './frames.ts'
import { toPacket } from './packet-notation.ts'
import { type Line, type Script, VERSION_NAMES } from './script.ts'
import type { Chunking, Target, TargetStream } from './target.ts'

/** What a script says did not happen. */
export class ScriptFailure extends Error {
  override readonly name = 'ScriptFailure'
}

interface Client {
  stream: TargetStream
  version: ProtocolVersion
  /** Coalesced sends that wait for a reason to leave. */
  unsent: Buffer[]
}

/** Runs one script in one version of the protocol. */
export async function runScript(
  script: Script,
  version: ProtocolVersion,
  chunking: Chunking,
  target: Target,
): Promise<void> {
  const run = new ScriptRun(version, chunking, target)
  await run.startBystander()
  for (const line of script.lines) {
    if (!line.versions.includes(version)) continue
    try {
      await run.step(line)
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      const reason = error instanceof ScriptFailure ? error.message : text
      throw new ScriptFailure(`${line.where}: ${line.text}\n${reason}`, { cause: error })
    }
  }
  await run.checkBystander()
}

class ScriptRun {
  readonly #version: ProtocolVersion
  readonly #chunking: Chunking
  readonly #target: Target
  readonly #clients = new Map<string, Client>()
  readonly #variables = new Map<string, string>()

  constructor(version: ProtocolVersion, chunking: Chunking, target: Target) {
    this.#version = version
    this.#chunking = chunking
    this.#target = target
  }

  async startBystander(): Promise<void> {
    await this.#send('Z', encodePacket(toPacket('CONNECT id=bystander', this.#version, 'Z'), this.#version))
    await this.#expectPacket('Z', 'CONNACK code=00', false)
  }

  /** An error of one client has no consequence for others (spec 5.0, 4.13.1). */
  async checkBystander(): Promise<void> {
    await this.#send('Z', Buffer.from([0xc0, 0x00]))
    await this.#expectPacket('Z', 'PINGRESP', false)
  }

  async step({ step }: Line): Promise<void> {
    if (step.type !== 'send') await this.#flush()
    switch (step.type) {
      case 'send': {
        const text = this.#withVariables(step.text)
        const { version } = await this.#client(step.client)
        const raw = text.startsWith('hex ')
          ? bytes(text.slice(4), version === ProtocolVersion.V5)
          : encodePacket(toPacket(text, version, step.client), version)
        await this.#send(step.client, raw)
        return
      }
      case 'expect':
        await this.#expect(step.client, step.text, step.isAnywhere)
        return
      case 'client':
        await this.#command(step.client, step.command)
        return
      case 'time':
        await this.#target.advance(step.ms)
        return
      case 'restart':
      case 'crash':
        await this.#target[step.type](step.downMs)
        // The bystander has to come back as everybody else.
        this.#clients.clear()
        await this.startBystander()
    }
  }

  /** Values that were kept: in packets as numbers, among bytes as packet identifiers. */
  #withVariables(text: string): string {
    return text.replaceAll(/\$\w+/g, (name) => {
      const value = this.#variables.get(name)
      if (value === undefined) return name
      return text.startsWith('hex ') ? Number(value).toString(16).padStart(4, '0') : value
    })
  }

  async #client(name: string): Promise<Client> {
    let client = this.#clients.get(name)
    if (client === undefined) {
      client = { stream: await this.#target.open(), version: this.#version, unsent: [] }
      this.#clients.set(name, client)
    }
    return client
  }

  async #send(name: string, raw: Buffer): Promise<void> {
    const client = await this.#client(name)
    // What one client sends may be seen by another, so whoever sent before has sent it all.
    if (client.unsent.length === 0) await this.#flush()
    if (this.#chunking === 'coalesced') {
      client.unsent.push(raw)
      return
    }
    if (this.#chunking === 'whole' || raw.length > 2_000) await client.stream.send(raw)
    else for (const byte of raw) await client.stream.send(Buffer.from([byte]))
    await this.#target.settle(() => true)
  }

  /** Sends what was held back to be coalesced. */
  async #flush(): Promise<void> {
    for (const client of this.#clients.values()) {
      if (client.unsent.length === 0) continue
      const raw = Buffer.concat(client.unsent)
      client.unsent = []
      await client.stream.send(raw)
      await this.#target.settle(() => true)
    }
  }

  async #command(name: string, command: string): Promise<void> {
    const client = await this.#client(name)
    const [word, argument] = command.split(' ')
    switch (word) {
      case 'version':
        client.version = VERSION_NAMES[argument!]![0]!
        return
      case 'drop':
        client.stream.drop()
        this.#clients.delete(name)
        // Others may go on only when the broker has noticed.
        await this.#target.quiet()
        return
      case 'open':
        return
      case 'block':
        client.stream.block()
        return
      case 'unblock':
        client.stream.unblock()
        return
      case 'skip':
        await this.#target.quiet()
        client.stream.take(0, client.stream.received.length)
        return
      default:
        throw new ScriptFailure(`no command: ${command}`)
    }
  }

  async #expect(name: string, text: string, isAnywhere: boolean): Promise<void> {
    const [word, argument] = text.split(' ')
    const { version } = await this.#client(name)
    switch (word) {
      case 'hex':
        return this.#expectBytes(name, bytes(this.#withVariables(text).slice(4), version === ProtocolVersion.V5))
      case 'silent':
        return this.#expectSilence(name)
      case 'closed':
        return this.#expectEnd(name)
      case 'error':
        if (version === ProtocolVersion.V5) await this.#expectPacket(name, `DISCONNECT code=${argument}`, false)
        return this.#expectEnd(name)
      case 'refused': {
        const [code5, code3] = argument!.split('/')
        const code = version === ProtocolVersion.V5 ? code5 : code3
        if (code !== '-') await this.#expectPacket(name, `CONNACK sp=0 code=${code}`, false)
        return this.#expectEnd(name)
      }
      default:
        return this.#expectPacket(name, text, isAnywhere)
    }
  }

  async #expectBytes(name: string, expected: Buffer): Promise<void> {
    const { stream } = await this.#client(name)
    await this.#target.settle(() => stream.received.length >= expected.length || stream.isEnded)
    const got = stream.received.subarray(0, expected.length)
    if (!got.equals(expected))
      throw new ScriptFailure(`expected ${toHex(expected)}\ngot      ${toHex(stream.received)}`)
    stream.take(0, expected.length)
  }

  async #expectSilence(name: string): Promise<void> {
    const { stream, version } = await this.#client(name)
    await this.#target.quiet()
    if (stream.received.length > 0)
      throw new ScriptFailure(`expected nothing, got ${describeFrames(stream.received, version)}`)
    if (stream.isEnded) throw new ScriptFailure('expected an open connection, it was ended')
  }

  async #expectEnd(name: string): Promise<void> {
    const { stream, version } = await this.#client(name)
    await this.#target.settle(() => stream.isEnded)
    if (stream.received.length > 0)
      throw new ScriptFailure(`expected the end, got ${describeFrames(stream.received, version)}`)
    if (!stream.isEnded) throw new ScriptFailure('expected the end of the connection, it is open')
    stream.drop()
    this.#clients.delete(name)
  }

  async #expectPacket(name: string, text: string, isAnywhere: boolean): Promise<void> {
    await this.#flush()
    const { stream, version } = await this.#client(name)
    const isThere = (): boolean => {
      const frames = splitFrames(stream.received)
      return isAnywhere ? frames.some((frame) => this.#matches(frame, version, text)) : frames.length > 0
    }
    await this.#target.settle(() => isThere() || stream.isEnded)
    const frames = splitFrames(stream.received)
    const index = isAnywhere ? frames.findIndex((frame) => this.#matches(frame, version, text)) : 0
    const frame = frames[index]
    if (frame === undefined) {
      const end = stream.isEnded ? ' and the end of the connection' : ''
      throw new ScriptFailure(`expected ${text}, got ${describeFrames(stream.received, version)}${end}`)
    }
    const packet = decodeFrame(frame, version)
    const wrong =
      packet instanceof Fault ? [`not a packet: ${packet.text}`] : differences(text, packet, this.#variables)
    if (wrong.length > 0)
      throw new ScriptFailure([...wrong, `all that came: ${describeFrames(stream.received, version)}`].join('\n'))
    const start = frames.slice(0, index).reduce((sum, { length }) => sum + length, 0)
    stream.take(start, start + frame.length)
  }

  #matches(frame: Buffer, version: ProtocolVersion, text: string): boolean {
    const packet = decodeFrame(frame, version)
    return !(packet instanceof Fault) && differences(text, packet, new Map(this.#variables)).length === 0
  }
}

function toHex(raw: Buffer): string {
  return raw.length > 200 ? `${raw.toString('hex', 0, 200)}… (${raw.length} bytes)` : raw.toString('hex')
}
