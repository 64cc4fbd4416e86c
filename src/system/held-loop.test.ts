// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { BEATS, CALLBACK, newLoopBoard } from '../util/loop-board.ts'
import { type Finding, HeldLoop } from './held-loop.ts'

class Watch {
  readonly board = newLoopBoard()
  readonly #loop: HeldLoop

  constructor(exitAfterSec = 0) {
    this.#loop = new HeldLoop(this.board, exitAfterSec)
  }

  beat(): void {
    this.board[BEATS]!++
  }

  /** All that is found in so many milliseconds. */
  look(ms: number): Finding[] {
    const findings: Finding[] = []
    for (let passed = 0; passed < ms; passed += 50) {
      const finding = this.#loop.look(50)
      if (finding !== null) findings.push(finding)
    }
    return findings
  }
}

describe('an event loop that is watched', () => {
  it('is not told of while it beats, however late', () => {
    const watch = new Watch(5)
    for (let i = 0; i < 10; i++) {
      expect(watch.look(1_950)).toEqual([])
      watch.beat()
    }
  })

  it('is told of once while it stands still, and when it goes on', () => {
    const watch = new Watch()
    watch.board[CALLBACK] = 7
    expect(watch.look(60_000)).toEqual([{ kind: 'held', heldMs: 2_000, callback: 7 }])
    watch.board[CALLBACK] = 0
    watch.beat()
    expect(watch.look(1_000)).toEqual([{ kind: 'released', heldMs: 60_000, callback: 7 }])
    expect(watch.look(1_500)).toEqual([{ kind: 'held', heldMs: 2_000, callback: 0 }])
  })

  it('is overdue after so many seconds, and five at least', () => {
    expect(new Watch(30).look(30_000).at(-1)).toEqual({ kind: 'overdue', heldMs: 30_000, callback: 0 })
    expect(new Watch(1).look(5_000).at(-1)).toEqual({ kind: 'overdue', heldMs: 5_000, callback: 0 })
  })
})
