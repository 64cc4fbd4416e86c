// SPDX-License-Identifier: Apache-2.0

export interface TestText {
  readonly title: string
  readonly tags: readonly string[]
}

interface Start {
  readonly line: number
  readonly indent: number
  readonly title: string
  readonly tags: string[]
}

/**
 * The `it` and `describe` of a file with their tags. A tag belongs to the innermost one around it, or to the one that its
 * comment stands above; a tag that belongs to none, say at a helper, proves nothing and is left out.
 */
export function testsIn(text: string): TestText[] {
  const lines = text.split('\n')
  const starts = startsIn(text, lines)
  for (const [index, line] of lines.entries()) {
    for (const [, tag] of line.matchAll(/\[(MQTT4?-[^\]]+)\]/g)) testAt(lines, starts, index)?.tags.push(tag!)
  }
  return starts
}

function startsIn(text: string, lines: readonly string[]): Start[] {
  const starts: Start[] = []
  let offset = 0
  for (const [line, source] of lines.entries()) {
    const call = /^( *)(?:it|test|describe)(?=[.(<])/.exec(source)
    const title = call === null ? undefined : titleAt(text, offset + call[0].length)
    if (title !== undefined) starts.push({ line, indent: call![1]!.length, title, tags: [] })
    offset += source.length + 1
  }
  return starts
}

function testAt(lines: readonly string[], starts: readonly Start[], index: number): Start | undefined {
  let at = index
  while (at < lines.length - 1 && /^\s*(?:\/\/|\/\*|\*)/.test(lines[at]!)) at++
  // What ends a test stands at its own indentation.
  let indent = lines[at]!.search(/\S/)
  for (let i = at; i >= 0; i--) {
    const own = lines[i]!.search(/\S/)
    if (own < 0 || own > indent || (own === indent && i !== at)) continue
    const start = starts.find(({ line }) => line === i)
    if (start !== undefined) return start
    indent = own
  }
  return undefined
}

/** The title in `it('title'`, `it.each<T>(cases)('title'`, `describe.runIf(condition)('title'`. */
function titleAt(text: string, start: number): string | undefined {
  let at = start
  for (;;) {
    const word = /^\.\w+/.exec(text.slice(at, at + 40))
    if (word !== null) at += word[0].length
    else if (text[at] === '<') at = afterBrackets(text, at, '<', '>')
    else if (text[at] === '(') {
      const quote = /^\(\s*(['"`])/.exec(text.slice(at, at + 200))
      if (quote === null) at = afterBrackets(text, at, '(', ')')
      else return textAt(text, at + quote[0].length - 1)
    } else return undefined
  }
}

function afterBrackets(text: string, start: number, open: string, close: string): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const char = text[at]!
    if (char === "'" || char === '"' || char === '`') at = endOfText(text, at)
    else if (char === open) depth++
    else if (char === close && text[at - 1] !== '=' && --depth === 0) return at + 1
  }
  return text.length
}

function endOfText(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== text[start]) at += text[at] === '\\' ? 2 : 1
  return at
}

function textAt(text: string, start: number): string {
  return text.slice(start + 1, endOfText(text, start)).replaceAll(/\\(.)/g, '$1')
}
