// SPDX-License-Identifier: Apache-2.0
import { appendFile, write } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInThisContext } from 'node:vm'
import { parentPort, workerData } from 'node:worker_threads'
import { formatJson, formatText } from './log/log-line.ts'
import type { CallbackName, WatchdogData } from './system/event-loop-watchdog.ts'
import { type Finding, HeldLoop } from './system/held-loop.ts'
import { WATCHED_MS } from './util/loop-board.ts'

// A thread of its own, which looks at the event loop and goes on when that stands still.

/** A callback that has held the event loop for a fifth of a second is to be seen. */
const LOOK_MS = 50
const STANDARD_ERROR = 2
/** For the last lines to be written. */
const LAST_WORDS_MS = 1_000

const { board, exitAfter, format, logFile } = workerData as WatchdogData
const names = new Map<number, CallbackName>()
const loop = new HeldLoop(board, exitAfter)
let lookedAt = performance.now()
let watchedMs = 0

parentPort?.on('message', (name: CallbackName) => names.set(name.number, name))
const timer = setInterval(() => {
  const now = performance.now()
  // Where the process was stopped, or got no CPU, this thread did not see time pass either, and nobody is to blame.
  const passedMs = Math.min(now - lookedAt, 2 * LOOK_MS)
  lookedAt = now
  watchedMs += passedMs
  Atomics.store(board, WATCHED_MS, watchedMs | 0)
  const finding = loop.look(passedMs)
  if (finding === null) return
  say(finding)
  if (finding.kind !== 'overdue') return
  clearInterval(timer)
  setTimeout(end, LAST_WORDS_MS)
}, LOOK_MS)

function say({ kind, heldMs, callback }: Finding): void {
  const name = names.get(callback)
  const who =
    name === undefined
      ? 'What is no callback of an extension (a timer or a promise of one, or the broker itself)'
      : `Extension ${name.extensionId}: ${name.callbackName}`
  const seconds = `${Math.round(heldMs / 100) / 10} s`
  const text = {
    held: `${who} has held the event loop for ${seconds} and still does: nobody is served. ${outlook()}`,
    overdue: `${who} has held the event loop for ${seconds}: the process ends, as waggle/watchdog/exit-after says.`,
    released: `${who} has held the event loop for ${seconds}: everybody is served again.`,
  }[kind]
  const line = { wallTime: Date.now(), level: kind === 'released' ? 'WARN' : 'ERROR', text } as const
  // Without waiting: who does not read must not keep this thread from going on.
  write(STANDARD_ERROR, format === 'json' ? formatJson(line) : formatText(line), ignore)
  if (logFile !== null) appendFile(logFile, formatText(line), ignore)
}

function outlook(): string {
  return exitAfter === 0
    ? 'If it does not return, only a restart helps.'
    : `If it does not return, the process ends after ${exitAfter} s.`
}

/** Without the event loop there is no orderly end. What was acknowledged is stored, as before any other crash. */
function end(): void {
  process.kill(process.pid, 'SIGKILL')
  // Process 1 of a container, as in our image, cannot be killed from inside of it: the kernel does not deliver the signal. A trap
  // of its own it does deliver.
  setFlagsFromString('--allow-natives-syntax')
  runInThisContext('%SystemBreak()')
}

function ignore(): void {}
