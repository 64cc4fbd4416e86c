// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { blocksOf, toPem } from './pem.ts'

it.each([47, 48, 49, 96])('a certificate of %i bytes becomes text without empty lines, and back', (length) => {
  const bytes = Buffer.alloc(length, 7)
  expect(toPem(bytes)).not.toContain('\n\n')
  expect(blocksOf(Buffer.from(toPem(bytes)), 'CERTIFICATE')).toEqual([bytes])
})
