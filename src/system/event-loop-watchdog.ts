// SPDX-License-Identifier: Apache-2.0
import { Worker, type WorkerOptions } from 'node:worker_threads'
import { type LoopBoard, newLoopBoard } from '../util/loop-board.ts'

/**
 * The thread does next to nothing once its code is there; run from sources, taking the types off that needs some room. What
 * NODE_OPTIONS has every thread load, tracing for one, has no business in it.
 */
const THREAD: WorkerOptions = {
  name: 'watchdog',
  resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 1 },
  execArgv: [],
  env: {},
}

export interface WatchdogOptions {
  /** The code of the thread. */
  readonly script: URL
  /** Milliseconds; 0: nobody watches. */
  readonly warnAfter: number
  /** Seconds; 0 for never. */
  readonly exitAfter: number
  readonly format: 'text' | 'json'
  /** The log file, if there is one. */
  readonly logFile: string | null
  readonly onFailed: (error: Error) => void
}

/** What the thread is started with. */
export interface WatchdogData extends Pick<WatchdogOptions, 'exitAfter' | 'format' | 'logFile'> {
  readonly board: LoopBoard
}

/** What a number on the board stands for. */
export interface CallbackName {
  readonly number: number
  readonly extensionId: string
  readonly callbackName: string
}

/**
 * A thread that sees what holds the event loop while it holds it, when the event loop can no longer say so. It is started when
 * code that is not ours is to run: it costs 8 MB of memory and 0.3 % of a core, with a look twenty times a second.
 *
 * Nothing that needs no thread will do: signals are handled by the event loop in Node, another process takes 40 MB and sees less,
 * and a session of the inspector gets no answer from an event loop that stands still (Node 26.10).
 */
export class EventLoopWatchdog {
  readonly board: LoopBoard = newLoopBoard()
  readonly #options: WatchdogOptions
  readonly #names: CallbackName[] = []
  #worker: Worker | null = null

  constructor(options: WatchdogOptions) {
    this.#options = options
  }

  get warnAfterMs(): number {
    return this.#options.warnAfter
  }

  start(): void {
    const { script, warnAfter, exitAfter, format, logFile, onFailed } = this.#options
    if (this.#worker !== null || warnAfter === 0) return
    const workerData: WatchdogData = { board: this.board, exitAfter, format, logFile }
    this.#worker = new Worker(script, { ...THREAD, workerData })
    this.#worker.on('error', onFailed)
    this.#worker.unref()
    for (const name of this.#names) this.#worker.postMessage(name, [])
  }

  name(number: number, extensionId: string, callbackName: string): void {
    const name = { number, extensionId, callbackName }
    this.#names.push(name)
    this.#worker?.postMessage(name, [])
  }
}
