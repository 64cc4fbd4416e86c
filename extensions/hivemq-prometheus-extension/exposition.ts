// SPDX-License-Identifier: Apache-2.0
import { type Family, formatNumber, type Sample } from './families.ts'

/** Prometheus's text format, which HiveMQ up to 4.0.7 has alone, and OpenMetrics. */
export type Format = 'text' | 'openmetrics'

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

/** Writes metrics as HiveMQ's extension does, byte by byte. `names` are those of samples to be kept, or null for all. */
export function expose(families: Iterable<Family>, format: Format, names: ReadonlySet<string> | null = null): string {
  let text = ''
  for (const family of families) {
    const { name, samples } = family
    const kept = names === null ? samples : samples.filter(({ suffix }) => names.has(name + suffix))
    if (kept.length === 0) continue
    text += headOf(family, format)
    for (const sample of kept) text += lineOf(name, sample, format)
  }
  return format === 'openmetrics' ? `${text}# EOF\n` : text
}

function headOf({ name, type, help }: Family, format: Format): string {
  if (format === 'openmetrics') return `# TYPE ${name} ${type}\n# HELP ${name} ${escape(help)}\n`
  const fullName = type === 'counter' ? `${name}_total` : name
  return `# HELP ${fullName} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${fullName} ${type}\n`
}

function lineOf(name: string, { suffix, labels, value }: Sample, format: Format): string {
  let pairs = ''
  for (const label in labels) {
    if (pairs !== '' && format === 'openmetrics') pairs += ','
    pairs += `${label}="${escape(labels[label]!)}"`
    // HiveMQ has one behind the last, too.
    if (format === 'text') pairs += ','
  }
  return `${name}${suffix}${pairs === '' ? '' : `{${pairs}}`} ${formatNumber(value)}\n`
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}
