// SPDX-License-Identifier: Apache-2.0
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { expose, type Format } from './exposition.ts'
import type { Family } from './families.ts'

const compress = promisify(gzip)

/** All metrics at one moment, for everybody who asks then: each form is written once. */
export class Snapshot {
  readonly #families: readonly Family[]
  readonly #texts = new Map<Format, string>()
  readonly #compressed = new Map<Format, Promise<Buffer>>()

  constructor(families: readonly Family[]) {
    this.#families = families
  }

  textOf(format: Format): string {
    let text = this.#texts.get(format)
    if (text === undefined) this.#texts.set(format, (text = expose(this.#families, format)))
    return text
  }

  filtered(format: Format, names: ReadonlySet<string>): string {
    return expose(this.#families, format, names)
  }

  /** On a thread of its own; the event loop goes on. */
  compressed(format: Format): Promise<Buffer> {
    let body = this.#compressed.get(format)
    if (body === undefined) this.#compressed.set(format, (body = compress(this.textOf(format))))
    return body
  }
}
