// SPDX-License-Identifier: Apache-2.0

/** Of a text that is longer the start, and that it goes on. */
export function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length).toWellFormed()}…`
}

const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/**
 * What is invisible, steers a terminal or breaks the line is spelled out: what clients and files say of themselves must not be
 * able to forge lines of a log.
 */
export function oneLine(text: string): string {
  return text.replaceAll(INVISIBLE, (character) => `\\u{${character.codePointAt(0)!.toString(16).padStart(4, '0')}}`)
}
