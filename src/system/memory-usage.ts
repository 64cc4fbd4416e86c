// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes of the process. */
export interface MemoryReading {
  /** What is in memory and belongs to no file. Pages of the store's file are not meant: the kernel takes those back. */
  readonly anonymous: number
  /** What V8 has for objects, what of that it uses, and where it gives up. */
  readonly heapTotal: number
  readonly heapUsed: number
  readonly heapLimit: number
  /** Buffers. */
  readonly external: number
}

/** Growth below this is noise. */
const GROWTH = 1024 * 1024
/** Per reading; a hundred readings forget two thirds. */
const FORGETTING = 0.99
/** Above this share garbage is collected before anybody is refused anything, ... */
const COLLECT_ABOVE = 0.75
/** ... but not more often than this: it takes some 10 to 100 ms. */
const READINGS_BETWEEN_COLLECTIONS = 20

/**
 * How much of its memory the process uses. What the kernel counts will not do: once freed, memory mostly stays with the
 * process, ready to be used again (of 300 MB in small buffers all but one in a hundred were freed: 300 MB remained). Who went
 * by that would never again let anybody in. So what V8 knows to be in use is added up, and to it what else the process had
 * when it last had to ask the kernel for more: at that moment nothing was left to be used again.
 */
export class MemoryUsage {
  readonly #limit: number
  readonly #read: () => MemoryReading
  readonly #collectGarbage: () => void
  #outside = 0
  /** Neither objects nor buffers: libraries, TLS, sockets, what the allocator wastes. */
  #other = 0
  #untilCollection = 0

  constructor(limit: number, read: () => MemoryReading = readMemory, collect: () => void = collectGarbage) {
    this.#limit = limit
    this.#read = read
    this.#collectGarbage = collect
  }

  /** The share of the limit that is in use, or of V8's own limit for objects, whichever is more. */
  share(): number {
    const share = this.#share()
    if (this.#untilCollection > 0) this.#untilCollection--
    if (share < COLLECT_ABOVE || this.#untilCollection > 0) return share
    this.#untilCollection = READINGS_BETWEEN_COLLECTIONS
    this.#collectGarbage()
    return this.#share()
  }

  #share(): number {
    const { anonymous, heapTotal, heapUsed, heapLimit, external } = this.#read()
    const outside = anonymous - heapTotal
    if (outside > this.#outside + GROWTH) this.#other = Math.max(outside - external, 0)
    else this.#other *= FORGETTING
    this.#outside = outside
    const used = Math.min(heapTotal + external + this.#other, anonymous)
    return Math.max(used / this.#limit, heapUsed / heapLimit)
  }
}

function readMemory(): MemoryReading {
  const { heapTotal, heapUsed, external, rss } = process.memoryUsage()
  return {
    anonymous: readAnonymous() ?? rss,
    heapTotal,
    heapUsed,
    heapLimit: getHeapStatistics().heap_size_limit,
    external,
  }
}

function readAnonymous(): number | null {
  try {
    const status = readFileSync('/proc/self/status', 'latin1')
    const kib = Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1])
    return kib > 0 ? kib * 1024 : null
  } catch {
    return null // not Linux
  }
}

let collect: (() => void) | null = null

/** A process that refuses everything allocates nothing, and V8 collects garbage only for who allocates. */
function collectGarbage(): void {
  if (collect === null) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  }
  collect()
}
