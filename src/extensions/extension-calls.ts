// SPDX-License-Identifier: Apache-2.0
import type { LabelledMetric } from '../metrics/metric-reading.ts'
import type { Clock } from '../util/clock.ts'
import { CALLBACK, type LoopBoard, newLoopBoard, WATCHED_MS } from '../util/loop-board.ts'
import { CallbackCost } from './callback-cost.ts'
import { CallbackFault } from './callback-fault.ts'
import { runAs } from './extension-context.ts'
import type { RunningExtension } from './running-extension.ts'

/** What looks at the event loop from another thread. */
export interface LoopWatcher {
  readonly board: LoopBoard
  /** A callback that holds the event loop for so long is named; 0 for never. */
  readonly warnAfterMs: number
  /** Code that is not ours is about to run. */
  start(): void
  /** What a number on the board stands for. */
  name(number: number, extensionId: string, callbackName: string): void
}

/** Nobody watches. */
export function noWatcher(): LoopWatcher {
  return { board: newLoopBoard(), warnAfterMs: 0, start: () => undefined, name: () => undefined }
}

/** The one way into extensions: each call is seen, with what it costs. */
export class ExtensionCalls {
  /** When the last call that has returned began. */
  startedAt = 0
  readonly #clock: Clock
  readonly #watcher: LoopWatcher
  readonly #board: LoopBoard
  /** By id and callback. An extension that is gone stays: counters do not go back. */
  readonly #costs = new Map<string, Map<string, CallbackCost>>()
  #numbers = 0

  constructor(clock: Clock, watcher: LoopWatcher = noWatcher()) {
    this.#clock = clock
    this.#watcher = watcher
    this.#board = watcher.board
  }

  /** Code that is not ours is about to run. */
  expectForeign(): void {
    this.#watcher.start()
  }

  /** Its module is loaded: what holds the event loop outside of callbacks meanwhile is most likely that. */
  async load<T>(extensionId: string, loading: Promise<T>): Promise<T> {
    const cost = this.costOf(extensionId, 'load')
    const startedAt = this.#clock.now()
    this.#board[CALLBACK] = cost.number
    try {
      return await loading
    } finally {
      this.#board[CALLBACK] = 0
      this.answered(cost, startedAt)
    }
  }

  costOf(extensionId: string, callbackName: string): CallbackCost {
    let ofExtension = this.#costs.get(extensionId)
    if (ofExtension === undefined) this.#costs.set(extensionId, (ofExtension = new Map()))
    let cost = ofExtension.get(callbackName)
    if (cost === undefined) {
      cost = new CallbackCost(extensionId, callbackName, ++this.#numbers)
      ofExtension.set(callbackName, cost)
      this.#watcher.name(cost.number, extensionId, callbackName)
    }
    return cost
  }

  /**
   * Calls an extension; calls do not nest, since services do what they are asked for in turns of their own. Of a promise it is the
   * caller who says when there was an answer.
   */
  run<T>(extension: RunningExtension, cost: CallbackCost, work: () => T): T {
    const board = this.#board
    // That of a module that is being loaded, or none.
    const outer = board[CALLBACK]!
    const watchedMs = board[WATCHED_MS]!
    const isTimed = cost.isTimed()
    const startedAt = isTimed ? this.#clock.now() : 0
    board[CALLBACK] = cost.number
    let isPending = false
    try {
      const answer = runAs(extension, work)
      isPending = isPromise(answer)
      return answer
    } finally {
      board[CALLBACK] = outer
      const heldMs = (board[WATCHED_MS]! - watchedMs) | 0
      if (heldMs > 0) this.#onHeld(extension, cost, heldMs)
      if (isPending) {
        this.startedAt = isTimed ? startedAt : this.#clock.now()
        if (!isTimed) cost.timeAfterAll()
      } else if (isTimed) cost.observe(this.#clock.now() - startedAt)
    }
  }

  /** The same, also where an answer comes later. */
  runToEnd<T>(extension: RunningExtension, cost: CallbackCost, work: () => T): T {
    const answer = this.run(extension, cost, work)
    if (!isPromise(answer)) return answer
    const { startedAt } = this
    const onEnd = (): void => this.answered(cost, startedAt)
    Promise.resolve(answer).then(onEnd, onEnd)
    return answer
  }

  answered(cost: CallbackCost, startedAt: number): void {
    cost.observe(this.#clock.now() - startedAt)
  }

  get metrics(): LabelledMetric[] {
    return [
      {
        name: 'waggle_extension_callback_seconds',
        kind: 'histogram',
        help:
          'How long an extension took to answer, by extension and callback. While a callback takes microseconds one call ' +
          'of 64 is timed, and counts for 64',
        read: () => this.#all().map((cost) => ({ labels: labelsOf(cost), value: cost.seconds })),
      },
      {
        name: 'waggle_extension_errors_total',
        kind: 'counter',
        help: 'Failures of extensions, by extension, callback and kind',
        read: () => {
          return this.#all().flatMap((cost) =>
            Object.values(CallbackFault).map((kind) => {
              return { labels: { ...labelsOf(cost), kind }, value: cost.faults[kind] }
            }),
          )
        },
      },
    ]
  }

  #all(): CallbackCost[] {
    return [...this.#costs.values()].flatMap((ofExtension) => [...ofExtension.values()])
  }

  #onHeld(extension: RunningExtension, cost: CallbackCost, ms: number): void {
    const { warnAfterMs } = this.#watcher
    if (warnAfterMs === 0 || ms < warnAfterMs) return
    extension.fault(
      cost.callbackName,
      CallbackFault.BLOCKED,
      `${cost.callbackName} held the event loop for ${ms} ms: nobody else was served meanwhile`,
    )
  }
}

export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function labelsOf({ extensionId, callbackName }: CallbackCost): {
  extension: string
  callback: string
} {
  return { extension: extensionId, callback: callbackName }
}
