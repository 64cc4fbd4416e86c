// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { aedes } from './broker/aedes.ts'
import type { BrokerKind } from './broker/broker-kind.ts'
import { mosquitto, mosquittoPersistent } from './broker/mosquitto.ts'
import { waggle } from './broker/waggle.ts'
import { waggleRbac } from './broker/waggle-rbac.ts'
import { compare } from './compare.ts'
import { describeMachine } from './machine.ts'
import { parseOptions, USAGE, type Options } from './options.ts'
import { figuresTable, loadTable, targetsTable, titlesTable } from './report.ts'
import { checkTargets } from './targets.ts'

// Waggle against other brokers, on this machine, over loopback. Linux only: CPU time and memory are read from /proc.
//
//   main ── starts ────────▶ broker process          waggle, waggle-rbac, mosquitto, mosquitto-persistent, aedes
//     └──── sends jobs to ─▶ load process ── MQTT ──▶ broker process
//
// README.md in this folder says what the workloads are and what to make of the figures.

const BROKERS: readonly BrokerKind[] = [waggle, waggleRbac, mosquitto, mosquittoPersistent, aedes]

process.exitCode = await main()

async function main(): Promise<number> {
  if (process.platform !== 'linux') return complain('bench runs on Linux only: it reads CPU time and memory from /proc')
  let options: Options
  try {
    options = parseOptions(
      process.argv.slice(2),
      BROKERS.map(({ name }) => name),
    )
  } catch (error) {
    return complain(`${(error as Error).message}\n\n${USAGE}`)
  }
  if (options.isHelpWanted) {
    console.log(`${USAGE}\nworkloads:\n${titlesTable(options.workloads)}`)
    return 0
  }
  // Brokers and their files go when this process exits. A signal may come twice, and must not end that half way.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
  return run(options)
}

async function run(options: Options): Promise<number> {
  const { workloads, rounds, isQuick, jsonFile } = options
  const machine = describeMachine()
  const scale = { ...options.scale, idleConnections: Math.min(options.scale.idleConnections, machine.openFiles - 500) }
  const brokers = options.brokers.filter((name) => workloads.some((workload) => workload.brokers.includes(name)))
  const versions = Object.fromEntries(brokers.map((name) => [name, versionOf(kindOf(name))]))
  const kinds = brokers.map(kindOf).filter((kind) => 'text' in kind.describe())
  const names = kinds.map(({ name }) => name)
  const labelWidth = Math.max('machine'.length, ...brokers.map((name) => name.length)) + 2
  console.log(
    `${'machine'.padEnd(labelWidth)}${machine.cores} x ${machine.cpuModel}, Linux ${machine.linux}, ${machine.openFiles} open files`,
  )
  console.log(`${'node'.padEnd(labelWidth)}${machine.node}`)
  for (const [name, version] of Object.entries(versions)) console.log(`${name.padEnd(labelWidth)}${version}`)
  console.log(
    `${'runs'.padEnd(labelWidth)}medians of ${rounds}, ${scale.seconds} s each${isQuick ? '; too short to mean anything' : ''}\n`,
  )

  const results = await compare(kinds, { ...options, scale })
  const targets = checkTargets(results)
  const faults = results.faults()
  console.log(`\n${figuresTable(workloads, names, results)}\n`)
  console.log('Messages are deliveries to subscribers. CPU is that of the broker: all its threads, user and kernel.\n')
  console.log('The load generator: its own CPU for a delivery or connect, how busy it was (! = it may be the limit)\n')
  console.log(`${loadTable(workloads, names, results)}\n`)
  console.log(targetsTable(targets))
  for (const { workload, broker, text } of faults) console.log(`\nFAULT  ${workload}  ${broker}: ${text}`)

  mkdirSync(dirname(jsonFile), { recursive: true })
  const report = { at: new Date(), machine, versions, rounds, scale, results, targets, faults }
  writeFileSync(jsonFile, `${JSON.stringify(report, null, 2)}\n`)
  console.log(`\nwritten to ${jsonFile}`)
  return faults.length === 0 ? 0 : 1
}

function kindOf(name: string): BrokerKind {
  return BROKERS.find((kind) => kind.name === name)!
}

function versionOf(kind: BrokerKind): string {
  const description = kind.describe()
  return 'text' in description ? description.text : `left out: ${description.missing}`
}

function complain(text: string): number {
  console.error(text)
  return 1
}
