// SPDX-License-Identifier: Apache-2.0
import type { Clock } from './clock.ts'

// One wheel serves every timer of the broker: keep alive, session and message expiry, will delay, connect timeouts.
//
//   level 0:  64 slots of one tick      (25 ms)   |..x.....|   slot reached: its timers fire
//   level 1:  64 slots of 64 ticks      (1.6 s)   |....x...|   slot reached: its timers move down a level
//   level 2:  64 slots of 64² ticks     (102 s)   ...          (six levels reach 54 years; what lies beyond waits in the
//   …                                                           last slot of the last level and is placed again from there)
//
// Scheduling and cancelling are O(1), whatever the number of timers: a timer is a node of its slot's ring. The clock is
// asked for one alarm at a time, for the next slot that holds anything, so an idle broker sleeps.

/** A timer fires up to one tick late and never early: 25 ms are far below what MQTT can express (1 s). */
const TICK_MS = 25
const SLOTS = 64
const LEVELS = 6
const REACH_TICKS = SLOTS ** LEVELS

/** Fires once when its time has come. Belongs to one wheel; may be scheduled again at any time, also while it fires. */
export class Timer {
  /** Ring of the slot; null while not scheduled. */
  previous: Timer | null = null
  next: Timer | null = null
  /** On the wheel's scale; valid while scheduled. */
  dueTick = 0
  readonly fire: () => void

  constructor(fire: () => void) {
    this.fire = fire
  }

  get isScheduled(): boolean {
    return this.next !== null
  }
}

export class TimerWheel {
  readonly #clock: Clock
  /** slots[level * SLOTS + index] is the ring's own node: a timer that never fires. */
  readonly #slots: Timer[] = Array.from({ length: LEVELS * SLOTS }, newRing)
  /** All ticks up to this one have fired. */
  #tick: number
  #size = 0
  #alarmTick = Number.POSITIVE_INFINITY
  #cancelAlarm: (() => void) | null = null
  #isAdvancing = false

  constructor(clock: Clock) {
    this.#clock = clock
    this.#tick = Math.floor(clock.now() / TICK_MS)
  }

  /** Milliseconds, as the clock has them. */
  get now(): number {
    return this.#clock.now()
  }

  /** Timers that wait. */
  get size(): number {
    return this.#size
  }

  /** Arms `timer`, in place of an earlier time if it had one. */
  schedule(timer: Timer, delayMs: number): void {
    this.cancel(timer)
    const dueTick = Math.ceil((this.#clock.now() + Math.max(delayMs, 0)) / TICK_MS)
    timer.dueTick = Math.max(dueTick, this.#tick + 1)
    this.#size++
    this.#place(timer)
    if (timer.dueTick < this.#alarmTick && !this.#isAdvancing) this.#setAlarm()
  }

  /** Does nothing when the timer is not scheduled. */
  cancel(timer: Timer): void {
    if (timer.next === null) return
    unlink(timer)
    this.#size--
  }

  /** Forgets every timer and the alarm. */
  clear(): void {
    for (const ring of this.#slots) {
      while (ring.next !== ring && ring.next !== null) unlink(ring.next)
    }
    this.#size = 0
    this.#dropAlarm()
  }

  #place(timer: Timer): void {
    const distance = Math.min(timer.dueTick - this.#tick, REACH_TICKS - 1)
    const tick = this.#tick + distance
    let level = 0
    let span = 1
    while (distance >= span * SLOTS) {
      level++
      span *= SLOTS
    }
    append(this.#slots[level * SLOTS + (Math.floor(tick / span) % SLOTS)]!, timer)
  }

  readonly #onAlarm = (): void => {
    this.#cancelAlarm = null
    this.#alarmTick = Number.POSITIVE_INFINITY
    const target = Math.floor(this.#clock.now() / TICK_MS)
    this.#isAdvancing = true
    try {
      // Slots without timers are skipped: the clock may have jumped by days while the machine slept.
      for (let next = this.#nextOccupiedTick(); next <= target; next = this.#nextOccupiedTick()) {
        this.#tick = next
        this.#fireTick()
      }
      this.#tick = target
    } finally {
      this.#isAdvancing = false
      this.#setAlarm()
    }
  }

  #fireTick(): void {
    const tick = this.#tick
    // From the top down, so that a timer can fall through several levels in one tick.
    for (let level = LEVELS - 1, span = SLOTS ** level; level > 0; level--, span /= SLOTS) {
      if (tick % span !== 0) continue
      const ring = this.#slots[level * SLOTS + ((tick / span) % SLOTS)]!
      for (let timer = takeFirst(ring); timer !== null; timer = takeFirst(ring)) this.#place(timer)
    }
    const ring = this.#slots[tick % SLOTS]!
    // A timer that is scheduled while the slot fires is due at a later tick, so this ends.
    for (let timer = takeFirst(ring); timer !== null; timer = takeFirst(ring)) {
      this.#size--
      timer.fire()
    }
  }

  #setAlarm(): void {
    const tick = this.#nextOccupiedTick()
    if (tick === this.#alarmTick) return
    this.#dropAlarm()
    if (tick === Number.POSITIVE_INFINITY) return
    this.#alarmTick = tick
    this.#cancelAlarm = this.#clock.alarm(tick * TICK_MS, this.#onAlarm)
  }

  #dropAlarm(): void {
    this.#cancelAlarm?.()
    this.#cancelAlarm = null
    this.#alarmTick = Number.POSITIVE_INFINITY
  }

  /** The first tick at which a slot fires or moves down. */
  #nextOccupiedTick(): number {
    let soonest = Number.POSITIVE_INFINITY
    if (this.#size === 0) return soonest
    for (let level = 0, span = 1; level < LEVELS; level++, span *= SLOTS) {
      const turn = Math.floor(this.#tick / span)
      for (let step = 1; step <= SLOTS; step++) {
        const ring = this.#slots[level * SLOTS + ((turn + step) % SLOTS)]!
        if (ring.next === ring) continue
        soonest = Math.min(soonest, (turn + step) * span)
        break
      }
    }
    return soonest
  }
}

function newRing(): Timer {
  const ring = new Timer(() => undefined)
  ring.previous = ring
  ring.next = ring
  return ring
}

function append(ring: Timer, timer: Timer): void {
  const last = ring.previous!
  last.next = timer
  timer.previous = last
  timer.next = ring
  ring.previous = timer
}

function unlink(timer: Timer): void {
  timer.previous!.next = timer.next
  timer.next!.previous = timer.previous
  timer.previous = null
  timer.next = null
}

function takeFirst(ring: Timer): Timer | null {
  const first = ring.next
  if (first === ring || first === null) return null
  unlink(first)
  return first
}
