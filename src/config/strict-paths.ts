// SPDX-License-Identifier: Apache-2.0
import { ADDITIONS_PATH } from './listener-elements.ts'

const STRICT = new RegExp(`^(?:listeners/[^/]+/tls|${ADDITIONS_PATH})(?:/|$)`)

/**
 * Whether every complaint about this element is an error. What is misread in `tls`, or in what we add to it, would let in
 * whom the operator keeps out; anywhere else the default is good enough.
 */
export function isStrictPath(path: string): boolean {
  return STRICT.test(path)
}
