// SPDX-License-Identifier: Apache-2.0
import type { BrokerSettings } from '../../../src/broker/settings.ts'
import type { ProtocolVersion } from '../../../src/codec/protocol-version.ts'
import {
  ALL_VERSIONS,
  type ConfigurationName,
  type Denial,
  type Line,
  type Script,
  type Step,
  VERSION_NAMES,
} from './script.ts'

interface SourceLine {
  readonly where: string
  readonly text: string
}

/** Reads a file of scripts. Throws with file and line on what it does not understand. */
export function parseScripts(text: string, fileName: string): Script[] {
  const sources: SourceLine[][] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const line = { where: `${fileName}:${index + 1}`, text: raw.trim() }
    if (line.text === '' || line.text.startsWith('//')) continue
    const before = sources.at(-1)?.at(-1)
    if (before?.text.endsWith(' |') === true) {
      sources.at(-1)!.splice(-1, 1, { ...before, text: `${before.text} ${line.text}` })
    } else if (line.text.startsWith('===')) sources.push([line])
    else if (sources.length > 0) sources.at(-1)!.push(line)
    else throw new Error(`${line.where}: a file begins with === ROW: title`)
  }
  return sources.map(([heading, ...lines]) => toScript(heading!, lines))
}

function toScript({ text, where }: SourceLine, source: readonly SourceLine[]): Script {
  const [, rows, title] = /^=== ([A-Z0-9-]+(?: [A-Z0-9-]+)*): (.+)$/.exec(text) ?? []
  if (rows === undefined || title === undefined) throw new Error(`${where}: expected === ROW ROW: title`)
  const header = (key: string): string[] =>
    source
      .filter((line) => line.text.startsWith(`${key}:`))
      .flatMap((line) =>
        line.text
          .slice(key.length + 1)
          .split(' ')
          .filter(Boolean),
      )
  const versions = header('v').flatMap((name) => toVersions(name, where))
  const configurations = header('only') as ConfigurationName[]
  const transports = header('transports') as Script['transports'][number][]
  return {
    rows: rows.split(' '),
    title,
    ids: header('ids'),
    versions: versions.length === 0 ? ALL_VERSIONS : versions,
    settings: Object.fromEntries(header('settings').map((entry) => toSetting(entry, where))),
    denied: header('denied').map((entry) => toDenial(entry, where)),
    configurations: configurations.length === 0 ? ['default', 'umh'] : configurations,
    transports: transports.length === 0 ? ['memory', 'tcp'] : transports,
    lines: expandRepeats(source.filter((line) => !/^(ids|v|settings|denied|only|transports):/.test(line.text))).map(
      toLine,
    ),
  }
}

function toSetting(entry: string, where: string): [keyof BrokerSettings, unknown] {
  const [name, value] = entry.split('=')
  if (name === undefined || value === undefined) throw new Error(`${where}: expected settings: name=value`)
  return [
    name as keyof BrokerSettings,
    /^-?\d+$/.test(value) ? Number(value) : value === 'true' || value === 'false' ? value === 'true' : value,
  ]
}

function toDenial(entry: string, where: string): Denial {
  const [, action, filter] = /^(publish|retain|subscribe)=(.+)$/.exec(entry) ?? []
  if (action === undefined || filter === undefined) throw new Error(`${where}: expected denied: publish=filter`)
  return { action: action as Denial['action'], filter }
}

function toVersions(name: string, where: string): readonly ProtocolVersion[] {
  const versions = VERSION_NAMES[name]
  if (versions === undefined) throw new Error(`${where}: unknown version ${name}`)
  return versions
}

function expandRepeats(source: readonly SourceLine[]): SourceLine[] {
  const lines: SourceLine[] = []
  for (let i = 0; i < source.length; i++) {
    const { text, where } = source[i]!
    const repeat = /^repeat (\d+)$/.exec(text)
    const each = /^each (.+)$/.exec(text)
    if (repeat === null && each === null) {
      lines.push(source[i]!)
      continue
    }
    const end = source.findIndex((line, index) => index > i && line.text === 'end')
    if (end < 0) throw new Error(`${where}: repeat without end`)
    const body = source.slice(i + 1, end)
    const values = each?.[1]!.split(' | ') ?? []
    for (let count = 1; count <= Number(repeat?.[1] ?? values.length); count++) {
      for (const line of body) {
        const round = line.text.replaceAll('{i}', String(count)).replaceAll('{x}', values[count - 1] ?? '{x}')
        lines.push({ where: line.where, text: round })
      }
    }
    i = end
  }
  return lines
}

function toLine({ text, where }: SourceLine): Line {
  const prefix = /^@(\S+) (.+)$/.exec(text)
  const versions = prefix === null ? ALL_VERSIONS : toVersions(prefix[1]!, where)
  return { step: toStep(prefix?.[2] ?? text, where), versions, where, text }
}

function toStep(text: string, where: string): Step {
  const [, client, sign, rest] = /^([A-Z])(>|<\*|<|:) (.+)$/.exec(text) ?? []
  if (client !== undefined && rest !== undefined) {
    if (sign === '>') return { type: 'send', client, text: rest }
    if (sign === ':') return { type: 'client', client, command: rest }
    return { type: 'expect', client, text: rest, isAnywhere: sign === '<*' }
  }
  const time = /^time (\d+)(ms|s)$/.exec(text)
  if (time !== null) return { type: 'time', ms: Number(time[1]) * (time[2] === 's' ? 1000 : 1) }
  const restart = /^(restart|crash)(?: (\d+)s)?$/.exec(text)
  if (restart !== null) return { type: restart[1] as 'restart' | 'crash', downMs: Number(restart[2] ?? 0) * 1000 }
  throw new Error(`${where}: cannot read: ${text}`)
}
