// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { FULL_SCALE, QUICK_SCALE, type Scale, type Workload } from './workload.ts'
import { selectWorkloads } from './workloads.ts'

export interface Options {
  readonly rounds: number
  readonly workloads: readonly Workload[]
  /** By name. */
  readonly brokers: readonly string[]
  readonly scale: Scale
  readonly isQuick: boolean
  readonly jsonFile: string
  readonly isHelpWanted: boolean
}

export const USAGE: string = `usage: npm run bench -- [options]

  --rounds N             how often everything is measured; medians are printed (5)
  --only NAME,...        workloads; a name stands for all that begin with it: fan-in, pairs-q1, rate-10k
  --brokers NAME,...     of waggle, waggle-rbac, mosquitto, mosquitto-persistent, aedes (all that are installed)
  --seconds N            length of a run (2)
  --quick                one short round, to see that everything works; its figures mean nothing
  --json FILE            where the figures are written (bench/results/latest.json)
`

const DEFAULT_ROUNDS = 5

/** Throws with a text for the user. */
export function parseOptions(args: readonly string[], knownBrokers: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      only: { type: 'string' },
      brokers: { type: 'string' },
      seconds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const brokers = listOf(values.brokers)
  const unknown = brokers.find((name) => !knownBrokers.includes(name))
  if (unknown !== undefined) throw new Error(`no broker is named ${unknown}`)
  const scale = values.quick ? QUICK_SCALE : FULL_SCALE
  return {
    rounds: positive('rounds', values.rounds, values.quick ? 1 : DEFAULT_ROUNDS),
    workloads: selectWorkloads(listOf(values.only)),
    brokers: brokers.length === 0 ? knownBrokers : brokers,
    scale: { ...scale, seconds: positive('seconds', values.seconds, scale.seconds) },
    isQuick: values.quick,
    jsonFile: values.json ?? join(import.meta.dirname, 'results/latest.json'),
    isHelpWanted: values.help,
  }
}

function positive(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback
  const number = Number(text)
  if (!(number > 0)) throw new Error(`--${name} must be a number above 0, not ${text}`)
  return number
}

function listOf(text: string | undefined): readonly string[] {
  return text === undefined ? [] : text.split(',').filter((name) => name !== '')
}
