// SPDX-License-Identifier: Apache-2.0
import { Timer, type TimerWheel } from '../util/timer-wheel.ts'
import type { Awaitable } from '../extension-sdk/callback.ts'
import { CallbackFault } from './callback-fault.ts'
import type { CallbackEvent } from './client-event.ts'
import { describeError } from './describe-error.ts'
import { isPromise } from './extension-calls.ts'
import type { Registration } from './running-extension.ts'

/** HiveMQ has no time limit for callbacks that go without `async`; here every callback may take its time, so it has one. */
const DEFAULT_TIMEOUT_MS = 10_000

const THREW: unique symbol = Symbol('threw')
const TIMED_OUT: unique symbol = Symbol('timed out')
const ABORTED: unique symbol = Symbol('aborted')

/** In place of an answer; nothing that an extension could return. */
export const NoAnswer: {
  readonly THREW: typeof THREW
  readonly TIMED_OUT: typeof TIMED_OUT
  readonly ABORTED: typeof ABORTED
} = { THREW, TIMED_OUT, ABORTED }
export type NoAnswer = (typeof NoAnswer)[keyof typeof NoAnswer]

/** An extension that thinks. */
export interface PendingCall {
  /** Nobody waits for it any more, not even for NoAnswer. */
  abort(reason: string): void
}

/**
 * Calls back into an extension, and passes its answer on: at once, where it answers at once, which leaves null to be returned.
 * Whatever it does, there is an answer, and only one.
 */
export function ask<T>(
  wheel: TimerWheel,
  { extension, options }: Registration<object>,
  callbackName: string,
  event: CallbackEvent,
  callback: () => Awaitable<T>,
  onAnswer: (answer: T | NoAnswer) => void,
): PendingCall | null {
  if (extension.signal.aborted) {
    // It has stopped while others thought about the same packet.
    onAnswer(NoAnswer.ABORTED)
    return null
  }
  const { calls } = extension
  const cost = extension.costOf(callbackName)
  let answer: Awaitable<T>
  try {
    answer = calls.run(extension, cost, callback)
  } catch (error) {
    reportFailed(CallbackFault.ERROR, error)
    onAnswer(NoAnswer.THREW)
    return null
  }
  if (!isPromise(answer)) {
    onAnswer(answer)
    return null
  }
  const { startedAt } = calls
  let isSettled = false
  const settle = (value: T | NoAnswer): void => {
    if (isSettled) return
    end()
    calls.answered(cost, startedAt)
    onAnswer(value)
  }
  const end = (): void => {
    isSettled = true
    wheel.cancel(timer)
    extension.onAnswered(onStop)
  }
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options
  const timer = new Timer(() => {
    event.abort(`No answer within ${timeoutMs} ms`)
    const { clientId } = event.client
    const text = `${callbackName} for client ${clientId} gave no answer within ${timeoutMs} ms`
    extension.fault(callbackName, CallbackFault.TIMEOUT, text)
    settle(NoAnswer.TIMED_OUT)
  })
  const onStop = (): void => {
    event.abort('The extension is stopped')
    settle(NoAnswer.ABORTED)
  }
  wheel.schedule(timer, timeoutMs)
  extension.onPending(onStop)
  // What only looks like a promise may throw where a promise rejects.
  Promise.resolve(answer).then(settle, (error: unknown) => {
    if (isSettled) return
    reportFailed(CallbackFault.REJECTED, error)
    settle(NoAnswer.THREW)
  })
  return {
    abort(reason) {
      if (isSettled) return
      event.abort(reason)
      end()
    },
  }

  function reportFailed(kind: CallbackFault, error: unknown): void {
    const { clientId } = event.client
    extension.fault(callbackName, kind, `${callbackName} failed for client ${clientId}: ${describeError(error)}`)
  }
}
