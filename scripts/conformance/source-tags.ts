// SPDX-License-Identifier: Apache-2.0
import type { SourceTag } from './citation.ts'

/** The tags of a source file, each with the declaration around it. Expects the layout that Prettier gives. */
export function sourceTags(text: string, file: string): SourceTag[] {
  const lines = text.split('\n')
  return lines.flatMap((line, index) =>
    Array.from(line.matchAll(/([~!]?)\[(MQTT4?-[^\]]+)\]/g), ([, mark, statement]) => ({
      statement: statement!,
      mark: mark as SourceTag['mark'],
      file,
      declaration: declarationAt(lines, index),
    })),
  )
}

/** `Class.method`, `TABLE.ENTRY` or `function`. A comment above a declaration belongs to it. */
function declarationAt(lines: readonly string[], index: number): string {
  let at = index
  while (at < lines.length - 1 && isComment(lines[at]!)) at++
  let top = at
  while (top > 0 && !/^[a-z]/.test(lines[top]!)) top--
  const [, kind, name] =
    /^(?:export )?(?:default )?(?:async |abstract )?(function|class|const|let|interface|type)\*? ([\w$]+)/.exec(
      lines[top]!,
    ) ?? []
  if (name === undefined) return ''
  // Functions are told by their own name; what stands inside the others has one too.
  if (kind === 'function' || top === at || lines[top]!.endsWith('=> {')) return name
  for (let i = at; i > top; i--) {
    const member = /^ {2}(?:(?:static|readonly|async|get|set|override) )*(#?[\w$]+)/.exec(lines[i]!)?.[1]
    if (member !== undefined) return `${name}.${member}`
  }
  return name
}

function isComment(line: string): boolean {
  return /^\s*(?:\/\/|\/\*|\*)/.test(line)
}
