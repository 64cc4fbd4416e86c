// SPDX-License-Identifier: Apache-2.0
import type { Place } from './complaint.ts'
import { lastAtOrBelow, lineIndex } from '../util/line-index.ts'

/** A text to parse that knows where in the operator's file each of its characters comes from. */
export interface SourceText {
  readonly text: string
  place(offset: number): Place
}

/** A stretch of the text to parse, up to the next piece. */
export interface Piece {
  /** In the text to parse. */
  readonly start: number
  /** In the file. */
  readonly fileOffset: number
  /** It is the value of a placeholder; all of it stands where the placeholder starts. */
  readonly isInserted: boolean
}

/** `pieces` are in order and begin with one at 0. */
export function sourceText(text: string, fileText: string, pieces: readonly Piece[]): SourceText {
  const placeInFile = lineIndex(fileText)
  const starts = pieces.map((piece) => piece.start)
  return {
    text,
    place(offset) {
      const piece = pieces[lastAtOrBelow(starts, offset)]!
      return placeInFile(piece.fileOffset + (piece.isInserted ? 0 : offset - piece.start))
    },
  }
}
