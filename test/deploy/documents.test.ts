// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { readConfigText } from '../support/deploy/read-config-text.ts'
import { render, Rendered, validate, type Values } from '../support/deploy/helm.ts'

const DOCUMENT = readFileSync(join(import.meta.dirname, '../../docs/kubernetes.md'), 'utf8')
const BLOCKS = [...DOCUMENT.matchAll(/^```yaml\n([^]*?)^```/gm)].map((match) => match[1]!)
/** Out of the Secret that one of them names. */
const PASSWORDS = Object.fromEntries(
  ['KEYSTORE', 'PRIVATE_KEY', 'TRUSTSTORE'].map((store) => [`WAGGLE_${store}_PASSWORD`, 'changeme']),
)
const isObject = (block: string): boolean => block.startsWith('apiVersion:')

describe('docs/kubernetes.md', () => {
  const values = BLOCKS.filter((block) => !isObject(block)).map((block) => parse(block) as Values)

  it('has values that the chart takes, and objects that Kubernetes takes', async () => {
    expect(values.length).toBeGreaterThan(10)
    const rendered = await Promise.all(values.map((one) => render(one, 'mqtt')))
    const objects = BLOCKS.filter(isObject).map((block) => new Rendered(block))
    // What the chart makes of values is validated in every combination elsewhere.
    expect(await validate(objects)).toEqual([])
    for (const { configXml } of rendered.filter(({ ids }) => ids.some((id) => id.endsWith('-hive')))) {
      expect((await readConfigText(configXml, PASSWORDS)).complaints).toEqual([])
    }
  })

  it('names objects as the chart does', async () => {
    const { ids } = await render({}, 'mqtt')
    const named = DOCUMENT.match(/(?<=statefulset\/|claimName: |`)mqtt-[a-z-]+(?<!-)(?![\w-])/g)!
    expect(named.length).toBeGreaterThan(3)
    for (const name of named) expect(ids.map((id) => id.split(' ')[1])).toContain(name)
  })
})
