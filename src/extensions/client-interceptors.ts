// SPDX-License-Identifier: Apache-2.0
import type { ClientInterceptors, GlobalInterceptors } from '../extension-sdk/interceptors.ts'
import type { InterceptorName, PacketKind } from './packet-kind.ts'
import { INBOUND_KINDS, OUTBOUND_KINDS } from './packet-kinds.ts'
import type { Registration, RunningExtension } from './running-extension.ts'

export type Interceptors = ClientInterceptors & GlobalInterceptors

/** Of one extension for one client. One that adds some at every packet is slowed down by each of them, and never gives them back. */
const MAX_INTERCEPTORS = 100

/** The interceptors of one client, in the order in which they are asked. */
export class InterceptorList {
  #registrations: readonly Registration<Interceptors>[]
  readonly #onChanged: () => void

  /** Begins with those of all clients. */
  constructor(global: readonly Registration<Interceptors>[], onChanged: () => void) {
    this.#registrations = global
    this.#onChanged = onChanged
  }

  add(added: Registration<Interceptors>): Disposable {
    const { extension, callback: interceptors } = added
    const isKnown = this.#registrations.some(({ extension: owner, callback }) => {
      return owner === extension && callback === interceptors
    })
    if (!isKnown) {
      const count = this.#registrations.filter(({ extension: owner }) => owner === extension).length
      if (count >= MAX_INTERCEPTORS) {
        throw new RangeError(`the client has ${count} of these already: dispose of what is not needed any more`)
      }
      // Sorting keeps the order of those that are equal.
      this.#registrations = [...this.#registrations, added].toSorted(byPriority)
      this.#onChanged()
    }
    return { [Symbol.dispose]: () => this.#remove(added) }
  }

  /** The extension has a new generation, or is gone. What single clients are given anew is for its initialiser to say. */
  replace(previous: RunningExtension | null, global: Registration<Interceptors> | null): void {
    const others = this.#registrations.filter(({ extension }) => extension !== previous)
    const isKnown = global === null || others.includes(global)
    if (isKnown && others.length === this.#registrations.length) return
    this.#registrations = isKnown ? others : [global, ...others].toSorted(byPriority)
    this.#onChanged()
  }

  /** Who is asked in place of one that was there when the packet came: one of those of the next generation. */
  now(then: Registration<Interceptors>, name: InterceptorName): Registration<Interceptors> | null {
    if (!then.extension.isRetired) return then
    const { id } = then.extension.information
    return this.having(name).find(({ extension }) => extension.information.id === id && !extension.isRetired) ?? null
  }

  /** Bits of the types of packets that somebody wants to see. */
  get inboundTypes(): number {
    return this.#typesIn(INBOUND_KINDS)
  }

  get outboundTypes(): number {
    return this.#typesIn(OUTBOUND_KINDS)
  }

  /** Those that have such an interceptor. */
  having(name: InterceptorName): Registration<Interceptors>[] {
    return this.#registrations.filter(({ extension, callback }) => {
      return !extension.signal.aborted && handlerOf(callback as Interceptors, name) !== undefined
    })
  }

  #remove({ extension, callback: interceptors }: Registration<Interceptors>): void {
    this.#registrations = this.#registrations.filter(({ extension: owner, callback }) => {
      return owner !== extension || callback !== interceptors
    })
    this.#onChanged()
  }

  #typesIn(kinds: ReadonlyMap<number, PacketKind>): number {
    let types = 0
    for (const [type, { name }] of kinds) if (this.having(name).length > 0) types |= 1 << type
    return types
  }
}

/** As it is called, whatever packet it is for. */
export type Handler = (event: object) => unknown

export function handlerOf(interceptors: Interceptors, name: InterceptorName): Handler | undefined {
  const handler: unknown = interceptors[name]
  return typeof handler === 'function' ? (handler.bind(interceptors) as Handler) : undefined
}

function byPriority(one: Registration<object>, other: Registration<object>): number {
  const { id: oneId, priority: onePriority } = one.extension.information
  const { id: otherId, priority: otherPriority } = other.extension.information
  return otherPriority - onePriority || (oneId < otherId ? -1 : oneId > otherId ? 1 : 0)
}
