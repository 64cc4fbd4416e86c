// SPDX-License-Identifier: Apache-2.0
import { type BooleanElement, type EnumElement, INT_MAX, type IntegerElement, UNLIMITED } from './value-element.ts'

type ScalarElement = IntegerElement | BooleanElement<boolean | null> | EnumElement

/**
 * HiveMQ skips blanks within a number and takes a leading `+`; null where it reads 0 out of something else. Beyond what
 * a number can hold it is Infinity, which is out of every range.
 */
export function parseInteger(text: string): number | null {
  const digits = text.replaceAll(/[ \t\r\n]/g, '')
  // Adding 0 makes a plain zero of -0.
  return /^[+-]?\d+$/.test(digits) ? Number(digits) + 0 : null
}

/** Null where HiveMQ reads false out of something else, `TRUE` included. */
export function parseBoolean(text: string): boolean | null {
  if (text === 'true' || text === '1') return true
  if (text === 'false' || text === '0') return false
  return null
}

/** The value that an element's text stands for, and whether it is the one that was written. */
export interface ParsedValue {
  readonly value: number | boolean | string | null
  readonly isAsWritten: boolean
}

/** An empty element stands for its default, and that is no mistake. */
export function parseValue(element: ScalarElement, text: string): ParsedValue {
  if (text === '') return { value: element.default, isAsWritten: true }
  switch (element.type) {
    case 'int':
    case 'long':
      return parseIntegerInRange(element, text)
    case 'boolean':
      return orDefault(element, parseBoolean(text))
    case 'enum':
      return orDefault(element, element.words.includes(text) ? text : null)
  }
}

/** What may be written, for a complaint. */
export function describeValues(element: ScalarElement): string {
  switch (element.type) {
    case 'boolean':
      return 'true or false'
    case 'enum':
      return element.words.join(' or ')
    case 'int':
    case 'long':
      if (element.min === -INT_MAX - 1) return `a whole number up to ${element.max}`
      if (element.max !== UNLIMITED) return `a whole number from ${element.min} to ${element.max}`
      return element.min === -UNLIMITED ? 'a whole number' : `a whole number, ${element.min} or more`
  }
}

function parseIntegerInRange(element: IntegerElement, text: string): ParsedValue {
  const value = parseInteger(text)
  if (value === null) return { value: element.default, isAsWritten: false }
  if (value < element.min) return { value: element.below, isAsWritten: false }
  if (value > element.max) return { value: element.above, isAsWritten: false }
  return { value, isAsWritten: true }
}

function orDefault(element: BooleanElement<boolean | null> | EnumElement, value: boolean | string | null): ParsedValue {
  return { value: value ?? element.default, isAsWritten: value !== null }
}
