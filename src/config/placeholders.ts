// SPDX-License-Identifier: Apache-2.0
import { DOES_NOT_START, quoted, WHOLE_FILE } from './complaint.ts'
import { MAX_CONFIG_BYTES } from './decode-text.ts'
import type { Environment } from './environment.ts'
import { lineIndex } from '../util/line-index.ts'
import type { Reporter } from './reporter.ts'
import { type Piece, sourceText, type SourceText } from './source-text.ts'

interface Placeholder {
  readonly start: number
  readonly end: number
  readonly name: string
}

/**
 * Replaces `${NAME}` and `${ENV:NAME}` before the XML is parsed, as HiveMQ does: in comments and names too, without
 * escaping, and without a second look at what was inserted. Null after complaints about variables that are not set.
 */
export function replacePlaceholders(fileText: string, environment: Environment, reporter: Reporter): SourceText | null {
  const placeOf = lineIndex(fileText)
  const pieces: Piece[] = [{ start: 0, fileOffset: 0, isInserted: false }]
  let text = ''
  let copiedTo = 0
  let isComplete = true
  for (const { start, end, name } of findPlaceholders(fileText)) {
    // Own names only: a variable named `constructor` is not set.
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined
    if (value === undefined || name === '') {
      isComplete = false
      reporter.complain({
        severity: 'error',
        ...placeOf(start),
        path: '',
        found: `the placeholder ${quoted(fileText.slice(start, end))}`,
        expected:
          name === '' ? 'the name of an environment variable in it' : `the environment variable ${name} to be set`,
        consequence: DOES_NOT_START,
      })
      continue
    }
    text += fileText.slice(copiedTo, start)
    pieces.push({ start: text.length, fileOffset: start, isInserted: true })
    text += value
    pieces.push({ start: text.length, fileOffset: end, isInserted: false })
    copiedTo = end
    // A long value in many places would outgrow the file's own cap.
    if (text.length > MAX_CONFIG_BYTES) {
      reporter.complain({
        severity: 'error',
        ...WHOLE_FILE,
        path: '',
        found: `more than ${MAX_CONFIG_BYTES} characters once placeholders are replaced`,
        expected: `at most ${MAX_CONFIG_BYTES}`,
        consequence: DOES_NOT_START,
      })
      return null
    }
  }
  return isComplete ? sourceText(text + fileText.slice(copiedTo), fileText, pieces) : null
}

/** Line by line, since a name ends with the first `}` of its line, and what has none is no placeholder. */
function* findPlaceholders(text: string): Generator<Placeholder> {
  for (let lineStart = 0; lineStart < text.length;) {
    const newline = text.indexOf('\n', lineStart)
    const lineEnd = newline < 0 ? text.length : newline
    const line = text.slice(lineStart, lineEnd)
    for (let start = line.indexOf('${'); start >= 0;) {
      const brace = line.indexOf('}', start)
      if (brace < 0) break
      const name = line.slice(start + 2, brace).replace(/^(?:ENV:)+/, '')
      yield { start: lineStart + start, end: lineStart + brace + 1, name }
      start = line.indexOf('${', brace)
    }
    lineStart = lineEnd + 1
  }
}
