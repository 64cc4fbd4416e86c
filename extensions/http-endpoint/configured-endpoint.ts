// SPDX-License-Identifier: Apache-2.0
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExtensionContext } from 'waggle/extension'
import { type Answer, type EndpointAddress, HttpEndpoint } from './http-endpoint.ts'

/** What a configuration file says; null where nothing of it can be read. Each warning says what becomes of it. */
export interface AddressReading {
  readonly address: EndpointAddress | null
  readonly warnings: readonly string[]
}

export interface ConfiguredEndpointParts {
  /** Where the file may be in the folder of the extension; the first that is there counts. */
  readonly places: readonly string[]
  readonly read: (text: string) => AddressReading
  /** In force as long as there is no file that can be read. */
  readonly standard: EndpointAddress
  readonly methods: readonly string[]
  readonly answer: Answer
}

/** Files are copied into the folder after the start, as the United Manufacturing Hub does. */
const LOOK_MS = 1_000
/** There are three settings in it. */
const MAX_BYTES = 16 * 1024

/**
 * An endpoint that is where its configuration file says, also when that changes. Whatever is wrong with the file there is an
 * endpoint, and an address that is in use is tried again: HiveMQ marks the extension as disabled then, and a broker without a
 * heartbeat is killed by Kubernetes at every start, until somebody finds and removes the mark.
 */
export class ConfiguredEndpoint {
  readonly #context: ExtensionContext
  readonly #parts: ConfiguredEndpointParts
  readonly #endpoint: HttpEndpoint
  #address: EndpointAddress | null = null
  #isOpen = false
  /** What was found last, be it a text or a reason why there is none: each is complained of once. */
  #lastFinding: string | null = null
  #lastFailure: string | null = null

  constructor(context: ExtensionContext, parts: ConfiguredEndpointParts) {
    const { services, log } = context
    this.#context = context
    this.#parts = parts
    this.#endpoint = new HttpEndpoint({
      scheduler: services.scheduler,
      log,
      methods: parts.methods,
      answer: parts.answer,
    })
  }

  /** Resolves when it answers, or has said why not. It ends with the extension. */
  async start(): Promise<void> {
    const { services, signal } = this.#context
    signal.addEventListener('abort', () => this.#endpoint.close())
    await this.#look()
    services.scheduler.every(LOOK_MS, () => this.#look())
  }

  async #look(): Promise<void> {
    const before = this.#address
    const now = (await this.#readChange()) ?? before ?? this.#parts.standard
    if (this.#isOpen && before !== null && isSame(now, before)) return
    this.#address = now
    await this.#open(now)
  }

  /** The address in the file, or null if nothing new can be read there. */
  async #readChange(): Promise<EndpointAddress | null> {
    const { log, extension } = this.#context
    const inForce = this.#address === null ? 'the defaults are used' : 'what was read before stays in force'
    for (const place of this.#parts.places) {
      const file = join(extension.homeFolder, place)
      let text: string
      try {
        text = await readBrief(file)
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        if (code === 'ENOENT') continue
        if (this.#isNews(`${file}: ${message}`)) log.warn(`${file} cannot be read: ${message}; ${inForce}`)
        return null
      }
      if (!this.#isNews(`${file}: ${text}`)) return null
      const { address, warnings } = this.#parts.read(text)
      for (const warning of warnings) log.warn(`${file}: ${warning}${address === null ? `; ${inForce}` : ''}`)
      return address
    }
    const places = this.#parts.places.join(' or ')
    if (this.#isNews('')) log.warn(`There is no ${places} in ${extension.homeFolder}; ${inForce}`)
    return null
  }

  #isNews(finding: string): boolean {
    const isNews = finding !== this.#lastFinding
    this.#lastFinding = finding
    return isNews
  }

  async #open(address: EndpointAddress): Promise<void> {
    const { log } = this.#context
    const { host, port, path } = address
    const place = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
    this.#isOpen = false
    try {
      await this.#endpoint.open(address)
      // Stopped meanwhile.
      if (this.#context.signal.aborted) return this.#endpoint.close()
      this.#isOpen = true
      this.#lastFailure = null
      log.info(`answers at http://${place}${path}`)
    } catch (error) {
      const failure = `cannot listen at ${place} (${(error as Error).message})`
      if (failure !== this.#lastFailure) log.error(`${failure}. It is tried again every second.`)
      this.#lastFailure = failure
    }
  }
}

/** Not by its size: it may be written while it is read. */
async function readBrief(file: string): Promise<string> {
  await using handle = await open(file)
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_BYTES + 1))
  if (bytesRead > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes`)
  return buffer.toString('utf8', 0, bytesRead)
}

function isSame(one: EndpointAddress, other: EndpointAddress): boolean {
  return one.host === other.host && one.port === other.port && one.path === other.path
}
