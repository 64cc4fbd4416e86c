// SPDX-License-Identifier: Apache-2.0
import type { Metrics } from '../metrics/metrics.ts'
import { Timer, type TimerWheel } from '../util/timer-wheel.ts'
import type { Connection } from './connection.ts'
import { ConnectionState } from './connection-state.ts'
import type { Logger } from './logger.ts'

/** The share of the memory budget that is in use. Above 1 the kernel may end the process at any moment. */
export type MemoryProbe = () => number

/** What is given up when memory runs short; each step includes those before it. */
export const Shedding = {
  NONE: 0,
  REFUSE_CONNECTS: 1,
  PAUSE_PUBLISHERS: 2,
  DROP_QOS_0: 3,
  REFUSE_PUBLISHES: 4,
} as const
export type Shedding = (typeof Shedding)[keyof typeof Shedding]

interface Step {
  /** The share from which it is taken. It is left well below that, so that it does not come and go with each message. */
  readonly from: number
  readonly text: string
}

const HYSTERESIS = 0.05
/**
 * By their number; nothing is done at 0. 10 000 clients with TLS, at rest, take 84 % of 512 MiB, and are to be let in: from 80 %
 * on, as it was, one in twenty was not.
 */
const STEPS: readonly Step[] = [
  { from: 0, text: '' },
  { from: 0.88, text: 'new connections are refused' },
  { from: 0.9, text: 'the clients that publish most are not read' },
  { from: 0.925, text: 'QoS 0 messages are dropped' },
  { from: 0.95, text: 'QoS 1 and 2 messages are refused' },
]

/** At 100 MB/s, as much as one core takes in, a twentieth of 500 MB is full in that time. */
const SAMPLE_MS = 250

interface MemoryGuardParts {
  readonly probe: MemoryProbe
  readonly wheel: TimerWheel
  readonly logger: Logger
  readonly metrics: Metrics
  readonly connections: ReadonlySet<Connection>
}

/**
 * Looks at the memory from time to time and has the broker take less on before the kernel ends the process, which would cost
 * all clients their connections and their QoS 0. Handlers compare one number.
 */
export class MemoryGuard {
  level: Shedding = Shedding.NONE
  readonly #parts: MemoryGuardParts | null
  #paused: Connection[] = []
  /** The share at which publishers were paused last: as long as it gets no worse, those are enough. */
  #pausedAt = 0
  readonly #timer = new Timer(() => this.#sample())

  /** Without parts nothing is ever given up. */
  constructor(parts: MemoryGuardParts | null) {
    this.#parts = parts
  }

  start(): void {
    if (this.#parts !== null) this.#sample()
  }

  #sample(): void {
    const { probe, wheel, connections } = this.#parts!
    const share = probe()
    while (this.level < STEPS.length - 1 && share >= STEPS[this.level + 1]!.from) this.#enter(share)
    while (this.level > 0 && share < STEPS[this.level]!.from - HYSTERESIS) this.#leave(share)
    if (this.level >= Shedding.PAUSE_PUBLISHERS && share > this.#pausedAt) this.#pauseLargest(share)
    if (this.level > 0) for (const connection of connections) connection.publishedBytes = 0
    wheel.schedule(this.#timer, SAMPLE_MS)
  }

  #enter(share: number): void {
    const { metrics, logger } = this.#parts!
    this.level++
    metrics.memoryStepsEntered[this.level]!++
    metrics.memoryLevel = this.level
    logger.warn(`Memory is short (${percent(share)} of the limit is in use): ${STEPS[this.level]!.text}.`)
  }

  #leave(share: number): void {
    const { metrics, logger } = this.#parts!
    const { text } = STEPS[this.level]!
    if (this.level === Shedding.PAUSE_PUBLISHERS) this.#resumeAll()
    this.level--
    metrics.memoryLevel = this.level
    logger.info(`Memory is less short (${percent(share)} of the limit is in use): no more that ${text}.`)
  }

  /** Those who have sent half of what came since the last look; when that does not help, half of the rest. */
  #pauseLargest(share: number): void {
    this.#pausedAt = share
    const publishers = [...this.#parts!.connections]
      .filter(({ state, publishedBytes }) => state === ConnectionState.CONNECTED && publishedBytes > 0)
      .toSorted((a, b) => b.publishedBytes - a.publishedBytes)
    let left = publishers.reduce((sum, { publishedBytes }) => sum + publishedBytes, 0) / 2
    for (const publisher of publishers) {
      if (left <= 0) return
      left -= publisher.publishedBytes
      publisher.input.pauseForMemory()
      this.#paused.push(publisher)
      this.#parts!.metrics.publishersPausedForMemory++
    }
  }

  #resumeAll(): void {
    const paused = this.#paused
    this.#paused = []
    this.#pausedAt = 0
    for (const connection of paused) connection.input.resumeAfterPause()
  }
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
