// SPDX-License-Identifier: Apache-2.0
import { BlockList, isIPv6, type Socket } from 'node:net'
import { Timer, type TimerWheel } from '../util/timer-wheel.ts'
import { type ProxyHeader, readProxyHeader } from './proxy-header.ts'

export interface ProxyProtocolSettings {
  /** CIDR, like `10.0.0.0/8` or `fd00::/8`. */
  readonly trustedNetworks: readonly string[]
  /** Milliseconds for the header to come. */
  readonly timeout: number
}

/** Client's address and port. */
export type Source = NonNullable<ProxyHeader['source']>

/**
 * Takes connections through the PROXY header. It says who the client is, so only balancers that are known by their network
 * may send one; on such a listener they have to, and nobody else may connect past them.
 */
export class ProxyProtocol {
  readonly #trusted = new BlockList()
  readonly #timeout: number
  readonly #wheel: TimerWheel
  readonly #onRefused: (address: string, why: string) => void
  readonly #pending = new Set<Socket>()

  constructor(settings: ProxyProtocolSettings, wheel: TimerWheel, onRefused: (address: string, why: string) => void) {
    this.#timeout = settings.timeout
    this.#wheel = wheel
    this.#onRefused = onRefused
    for (const network of settings.trustedNetworks) addNetwork(this.#trusted, network)
  }

  /**
   * `socket` has not begun to read. `onHeader` gets the client's address, or the balancer's own where that speaks for itself;
   * what came behind the header has been put back by then. A connection that is refused is closed, and `onHeader` not called.
   */
  accept(socket: Socket, onHeader: (source: Source) => void): void {
    const { remoteAddress, remotePort = 0 } = socket
    // Gone already.
    if (remoteAddress === undefined) return void socket.destroy()
    const refuse = (why: string): void => {
      leave()
      this.#onRefused(remoteAddress, why)
      socket.destroy()
    }
    const onReadable = (): void => {
      const chunk = socket.read() as Buffer | null
      if (chunk === null) return
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
      const header = readProxyHeader(seen)
      if (header === 'incomplete') return
      if ('fault' in header) return refuse(header.fault)
      leave()
      if (header.length < seen.length) socket.unshift(seen.subarray(header.length))
      onHeader(header.source ?? { address: remoteAddress, port: remotePort })
    }
    const onClose = (): void => refuse('closed before its PROXY header was complete')
    const timer = new Timer(() => refuse('no PROXY header in time'))
    const leave = (): void => {
      this.#wheel.cancel(timer)
      this.#pending.delete(socket)
      socket.off('readable', onReadable).off('close', onClose)
    }
    let seen: Buffer = Buffer.alloc(0)
    socket.on('error', ignore)
    if (!this.#trusts(remoteAddress)) return refuse('not from a network that may send a PROXY header')
    this.#pending.add(socket)
    this.#wheel.schedule(timer, this.#timeout)
    socket.on('close', onClose).on('readable', onReadable)
  }

  /** Lets go of those whose header has not come. */
  close(): void {
    for (const socket of this.#pending) socket.destroy()
  }

  #trusts(address: string): boolean {
    return this.#trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
  }
}

function addNetwork(list: BlockList, network: string): void {
  const [address = '', prefix] = network.split('/')
  list.addSubnet(address, Number(prefix), isIPv6(address) ? 'ipv6' : 'ipv4')
}

function ignore(): void {
  // `close` follows.
}
