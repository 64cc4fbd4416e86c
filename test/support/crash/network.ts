// SPDX-License-Identifier: Apache-2.0

/** The connection has ended before what was waited for came. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

interface Condition {
  readonly isMet: () => boolean
  readonly resolve: () => void
}

/** Nothing takes longer, unless what is waited for is lost. */
const PATIENCE_MS = 20_000

/** What all clients of a world share: the way to the broker, and whether its end is to be expected. */
export class Network {
  port = 0
  /** The broker is being killed, or gone: that connections are lost is no fault. */
  isGoingDown = true
  /** Called when a client knows more than before, and before it sends anything. */
  onChanged: () => void = () => undefined
  readonly #failure = Promise.withResolvers<never>()
  readonly #conditions = new Set<Condition>()

  constructor() {
    // It may come when nobody waits for it.
    this.#failure.promise.catch(() => undefined)
  }

  up(port: number): void {
    this.port = port
    this.isGoingDown = false
  }

  /** What is promised does not hold, or the test is wrong. */
  fail(error: unknown): void {
    this.#failure.reject(error)
  }

  orFail<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#failure.promise])
  }

  changed(): void {
    this.onChanged()
    for (const condition of this.#conditions) {
      if (!condition.isMet()) continue
      this.#conditions.delete(condition)
      condition.resolve()
    }
  }

  /** Waits until the clients have got what they should; `missing` says what they have not, if that never comes. */
  async until(isMet: () => boolean, missing: () => string): Promise<void> {
    if (isMet()) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const condition = { isMet, resolve }
    this.#conditions.add(condition)
    const timer = setTimeout(() => reject(new Error(`did not come: ${missing()}`)), PATIENCE_MS)
    try {
      await this.orFail(promise)
    } finally {
      clearTimeout(timer)
      this.#conditions.delete(condition)
    }
  }

  /** Does the same again and again until the broker is gone. */
  async untilDown(step: () => Promise<void>): Promise<void> {
    try {
      while (!this.isGoingDown) await step()
    } catch (error) {
      if (!(error instanceof ConnectionLost && this.isGoingDown)) this.fail(error)
    }
  }
}
