// SPDX-License-Identifier: Apache-2.0
import type { Figure, Figures, JobResult } from './load/job.ts'
import { median } from './statistics.ts'

/** All that was measured of one workload on one broker. */
export interface Record {
  readonly rounds: Figures[]
  readonly faults: string[]
}

/** By workload and broker. */
export class Results {
  readonly #records = new Map<string, Map<string, Record>>()

  add(workload: string, broker: string, result: JobResult): void {
    const ofWorkload = this.#records.get(workload) ?? new Map<string, Record>()
    this.#records.set(workload, ofWorkload)
    const record = ofWorkload.get(broker) ?? { rounds: [], faults: [] }
    ofWorkload.set(broker, record)
    if (result.fault === null) record.rounds.push(result.figures)
    else record.faults.push(result.fault)
  }

  /** Of all rounds without a fault; undefined when there was none. */
  median(workload: string, broker: string, figure: Figure): number | undefined {
    const rounds = this.#records.get(workload)?.get(broker)?.rounds ?? []
    const values = rounds.map((figures) => figures[figure]).filter((value) => value !== undefined)
    return values.length === 0 ? undefined : median(values)
  }

  /** How many times `base`'s median the one of `broker` is. */
  ratio(workload: string, broker: string, base: string, figure: Figure): number | undefined {
    const value = this.median(workload, broker, figure)
    const baseValue = this.median(workload, base, figure)
    return value === undefined || baseValue === undefined || baseValue === 0 ? undefined : value / baseValue
  }

  faults(): { readonly workload: string; readonly broker: string; readonly text: string }[] {
    return [...this.#records].flatMap(([workload, brokers]) =>
      [...brokers].flatMap(([broker, { faults }]) => faults.map((text) => ({ workload, broker, text }))),
    )
  }

  /** Every single value, for the JSON file. */
  toJSON(): unknown {
    return Object.fromEntries([...this.#records].map(([name, brokers]) => [name, Object.fromEntries(brokers)]))
  }
}
