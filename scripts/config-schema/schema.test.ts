// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { XmlDocument, XsdValidator } from 'libxml2-wasm'
import { describe, expect, it } from 'vitest'
import { LEGACY_ELEMENTS, LEGACY_MODES } from '../../src/config/legacy-elements.ts'
import { ADDITION, LISTENER_TYPES } from '../../src/config/listener-elements.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import { SETTING_ELEMENTS } from '../../src/config/setting-elements.ts'
import type { ListenerElement } from '../../src/config/value-element.ts'
import { schemaText } from './schema-text.ts'

const root = join(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const SCHEMA = 'home/conf/config.xsd'
const validator = XsdValidator.fromDoc(XmlDocument.fromString(read(SCHEMA)))

function isValid(xml: string): boolean {
  using document = XmlDocument.fromString(xml)
  try {
    validator.validate(document)
    return true
  } catch {
    return false
  }
}

function element(path: string, content: string): string {
  return path.split('/').reduceRight((inner, name) => `<${name}>${inner}</${name}>`, content)
}

interface Target {
  readonly path: string
  readonly row: ListenerElement
  /** The whole file with this value. */
  readonly file: (value: string) => string
}

const modes = LEGACY_MODES.map((path): ListenerElement => ({
  path,
  type: 'enum',
  default: 'file',
  words: ['file', 'in-memory'],
}))
const targets: Target[] = [
  ...[...SETTING_ELEMENTS, ...LEGACY_ELEMENTS, ...modes].map((row): Target => ({
    path: row.path,
    row,
    file: (value) => `<hivemq>${element(row.path, value)}</hivemq>`,
  })),
  ...[...LISTENER_TYPES].flatMap(([name, { elements }]) =>
    elements.map((row): Target => {
      const path = row.type === 'list' ? `${row.path}/${row.item}` : row.path
      const port = row.type === 'port' ? '' : '<port>1</port>'
      return {
        path: `listeners/${name}/${path}`,
        row,
        file: (value) => `<hivemq><listeners><${name}>${port}${element(path, value)}</${name}></listeners></hivemq>`,
      }
    }),
  ),
  ...Object.values(ADDITION).map((row: ListenerElement): Target => {
    const path = row.type === 'list' ? `${row.path}/${row.item}` : row.path
    const name = row.path === 'name' ? '' : '<name>a</name>'
    return {
      path: `waggle/listeners/listener/${path}`,
      row,
      file: (value) =>
        `<hivemq><waggle><listeners><listener>${name}${element(path, value)}</listener></listeners></waggle></hivemq>`,
    }
  }),
]

/** Values that must be valid and values that must not be, for a type. */
function samples(row: ListenerElement): { good: string[]; bad: string[] } {
  switch (row.type) {
    case 'boolean':
      return { good: ['true', 'false', '1', '0', ' true '], bad: ['TRUE', 'yes', '2'] }
    case 'port':
      return { good: ['1', '65535'], bad: ['0', '65536', '-1', 'x'] }
    case 'int':
    case 'long': {
      const { min, max } = row
      const below = Number.isSafeInteger(min - 1) ? [String(min - 1)] : []
      const above = Number.isSafeInteger(max + 1) ? [String(max + 1)] : []
      // What stands for "as much as there is" cannot always be said in the file.
      const standard = row.default >= min && row.default <= max ? [String(row.default)] : []
      return { good: [String(min), String(max), ...standard], bad: [...below, ...above, '1.5', 'x'] }
    }
    case 'enum':
      return {
        good: [...row.words],
        bad: ['no-such-word', row.words[0]!.toUpperCase() === row.words[0]! ? 'none' : 'NONE'],
      }
    case 'list':
      return row.words === null ? { good: ['anything'], bad: [] } : { good: [...row.words], bad: ['no-such-word'] }
    case 'text':
    case 'file':
    case 'secret':
      return { good: ['anything', ' with blanks '], bad: [] }
  }
}

describe(SCHEMA, () => {
  it('is what npm run config-schema writes', () => {
    expect(read(SCHEMA)).toBe(schemaText())
  })

  it.each(['home/conf/config.xml', ...['a', 'a-websocket', 'b'].map((era) => `test/compat/config/umh/era-${era}.xml`)])(
    'accepts %s',
    (file) => {
      expect(isValid(read(file))).toBe(true)
    },
  )

  it.each(targets)('knows $path as the code does', ({ row, file }) => {
    const { good, bad } = samples(row)
    for (const value of [...good, '${NAME}', 'a${ENV:NAME}b'])
      expect([value, isValid(file(value))]).toEqual([value, true])
    for (const value of bad) expect([value, isValid(file(value))]).toEqual([value, false])
    // What an editor calls wrong, the broker complains of too.
    for (const value of bad) {
      expect(parseConfig(Buffer.from(file(value)), 'c', {}, '/').complaints.length).toBeGreaterThan(0)
    }
  })

  it.each([
    ['an unknown section', '<hivemq><mtqq/></hivemq>'],
    ['an unknown element', `<hivemq>${element('mqtt/max-qos', '1')}</hivemq>`],
    ['a listener without port', `<hivemq>${element('listeners/tcp-listener', '')}</hivemq>`],
    ['tls in a listener without', `<hivemq>${element('listeners/tcp-listener', '<port>1</port><tls/>')}</hivemq>`],
    ['an attribute', '<hivemq><mqtt enabled="true"/></hivemq>'],
    ['a section that is given twice', '<hivemq><mqtt/><mqtt/></hivemq>'],
  ])('refuses %s', (_name, xml) => {
    expect(isValid(xml)).toBe(false)
    expect(parseConfig(Buffer.from(xml), 'c', {}, '/').complaints).not.toEqual([])
  })
})
