// SPDX-License-Identifier: Apache-2.0

/** Configuration files nest 6 levels; the parser recurses once per level and must not overflow. */
export const MAX_DEPTH = 64

/** Markup that is refused before a parser sees it. */
export interface ForbiddenMarkup {
  readonly offset: number
  readonly found: string
  readonly expected: string
}

/**
 * Looks for a DOCTYPE, which can define entities that expand without end or read files, and for elements within elements
 * beyond MAX_DEPTH. It only needs to be right up to the first fault of the text: there the parser stops too.
 */
export function findForbiddenMarkup(text: string): ForbiddenMarkup | null {
  let depth = 0
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at)) {
    if (text.startsWith('<!DOCTYPE', at)) return { offset: at, found: 'a DOCTYPE', expected: 'XML without one' }
    let end: number
    if (text.startsWith('<!--', at)) end = endOf(text, '-->', at + 4)
    else if (text.startsWith('<![CDATA[', at)) end = endOf(text, ']]>', at + 9)
    else if (text.startsWith('<?', at)) end = endOf(text, '?>', at + 2)
    else {
      end = endOfTag(text, at)
      if (text[at + 1] === '/') depth--
      else if (text[end - 2] !== '/') depth++
    }
    if (end < 0) return null
    if (depth > MAX_DEPTH) {
      return {
        offset: at,
        found: `more than ${MAX_DEPTH} elements within one another`,
        expected: `at most ${MAX_DEPTH}`,
      }
    }
    at = end
  }
  return null
}

/** Just behind `mark`, or -1. */
function endOf(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from)
  return at < 0 ? -1 : at + mark.length
}

/** Just behind the `>` of the tag at `start`, or -1; one within an attribute's quotes does not count. */
function endOfTag(text: string, start: number): number {
  let quote = ''
  for (let i = start + 1; i < text.length; i++) {
    const character = text[i]!
    if (quote !== '') {
      if (character === quote) quote = ''
    } else if (character === '"' || character === "'") quote = character
    else if (character === '>') return i + 1
  }
  return -1
}
