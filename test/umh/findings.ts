// SPDX-License-Identifier: Apache-2.0
import { ACCEPTANCE_LIST } from './acceptance-list.ts'

interface Observation {
  readonly isGood: boolean
  readonly text: string
}

/** What the scenarios have seen, by the points of the list. A point holds if something was seen of it and all of that was good. */
export class Findings {
  readonly #observations = new Map<number, Observation[]>()

  /** `text`: what was seen, whether it is as it should be or not. */
  saw(point: number, isGood: boolean, text: string): void {
    const observations = this.#observations.get(point) ?? []
    observations.push({ isGood, text: text.replaceAll(/\s+/g, ' ').slice(0, LONGEST) })
    this.#observations.set(point, observations)
  }

  /** The same for what may throw, the error being what was seen then. `look` returns a text, or one with a verdict. */
  async look(point: number, what: string, look: () => Promise<Seen> | Seen): Promise<void> {
    try {
      const seen = await look()
      const [isGood, text] = typeof seen === 'string' ? [true, seen] : seen
      this.saw(point, isGood, text === '' ? what : `${what}: ${text}`)
    } catch (error) {
      this.saw(point, false, `${what}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  /** Returns whether all points hold. `isWhole`: what was not seen does not. */
  print(write: (line: string) => void, isWhole: boolean): boolean {
    let failed = 0
    let count = 0
    for (const { title, points } of ACCEPTANCE_LIST) {
      write(`\n${title}`)
      for (const [point, text] of Object.entries(points)) {
        const seen = this.#observations.get(Number(point))
        if (seen === undefined && !isWhole) continue
        const observations = seen ?? [{ isGood: false, text: 'nothing was seen of it' }]
        const bad = observations.filter(({ isGood }) => !isGood)
        count++
        if (bad.length > 0) failed++
        write(`  ${bad.length > 0 ? 'FAIL' : 'PASS'} ${point.padStart(2)}  ${text}`)
        for (const observation of observations)
          write(`           ${observation.isGood ? '-' : '✗'} ${observation.text}`)
      }
    }
    write(`\n${count - failed} of ${count} points hold${failed > 0 ? `, ${failed} do not` : ''}`)
    return failed === 0
  }
}

/** A line may be wide, but not a log. */
const LONGEST = 1200

export type Seen = string | readonly [isGood: boolean, text: string]
