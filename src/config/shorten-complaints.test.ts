// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { parseConfig } from './parse-config.ts'
import { MAX_COMPLAINTS } from './shorten-complaints.ts'

describe('complaints', () => {
  it('are counted beyond a number, and no error goes for the sake of a warning', () => {
    const unknown = Array.from({ length: 50_000 }, (_, i) => `<a${i}/>`).join('')
    const xml = `<hivemq>${unknown}<listeners><tcp-listener/></listeners></hivemq>`
    const { config, complaints } = parseConfig(Buffer.from(xml), 'c', {}, '/opt/hivemq')
    expect(config).toBeNull()
    expect(complaints).toHaveLength(MAX_COMPLAINTS + 1)
    expect(complaints.filter(({ severity }) => severity === 'error')).toHaveLength(1)
    expect(complaints.at(-1)!.found).toBe(`${50_001 - MAX_COMPLAINTS} more complaints like these`)
  })
})
