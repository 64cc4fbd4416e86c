// SPDX-License-Identifier: Apache-2.0
import { type ListenerElement, UNLIMITED } from '../../src/config/value-element.ts'
import { readExplanations } from './explanations.ts'
import { schemaRoot, type SchemaNode } from './schema-node.ts'

const MAX_PORT = 65_535

const HEAD = `<?xml version="1.0" encoding="UTF-8"?>
<!--
    For editors: completion and explanations. The broker does not read it, and is more lenient than it.
    Written by npm run config-schema out of the tables in src/config and docs/configuration.md.
-->
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
    <xs:simpleType name="placeholder">
        <xs:annotation>
            <xs:documentation>\${NAME} or \${ENV:NAME}: an environment variable.</xs:documentation>
        </xs:annotation>
        <xs:restriction base="xs:string">
            <xs:pattern value="[^$]*\\$\\{[^}]+\\}.*"/>
        </xs:restriction>
    </xs:simpleType>
`

/** The whole schema. */
export function schemaText(): string {
  return `${HEAD}${elementLines(schemaRoot(readExplanations()), true)
    .map((line) => `    ${line}\n`)
    .join('')}</xs:schema>\n`
}

function elementLines(node: SchemaNode, isRoot: boolean, occurrence = ''): string[] {
  const { name, row, explanation, isRequired } = node
  const occurs = isRoot || isRequired ? '' : occurrence
  if (row !== null && restriction(row) === null && explanation === '') {
    return [`<xs:element name="${name}" type="xs:string"${occurs}/>`]
  }
  const annotation =
    explanation === ''
      ? []
      : ['<xs:annotation>', `    <xs:documentation>${escaped(explanation)}</xs:documentation>`, '</xs:annotation>']
  const content = row === null ? sectionLines(node) : valueLines(row)
  const type = content.length === 0 ? ' type="xs:string"' : ''
  return [`<xs:element name="${name}"${type}${occurs}>`, ...indented([...annotation, ...content]), '</xs:element>']
}

function sectionLines({ kind, children }: SchemaNode): string[] {
  const [open, close] =
    kind === 'some' ? ['<xs:choice minOccurs="0" maxOccurs="unbounded">', '</xs:choice>'] : ['<xs:all>', '</xs:all>']
  const lines = [...children.values()].flatMap((child) =>
    elementLines(child, false, kind === 'some' ? '' : ' minOccurs="0"'),
  )
  return ['<xs:complexType>', ...indented([open, ...indented(lines), close]), '</xs:complexType>']
}

/** None for any text. A placeholder may stand for every value. */
function valueLines(row: ListenerElement): string[] {
  const lines = restriction(row)
  if (lines === null) return []
  const union = [
    '<xs:union memberTypes="placeholder">',
    '    <xs:simpleType>',
    ...indented(indented(lines)),
    '    </xs:simpleType>',
    '</xs:union>',
  ]
  return ['<xs:simpleType>', ...indented(union), '</xs:simpleType>']
}

function restriction(row: ListenerElement): string[] | null {
  switch (row.type) {
    case 'boolean':
      return restrictionLines('xs:boolean', [])
    case 'port':
      return restrictionLines('xs:integer', rangeLines(1, MAX_PORT))
    case 'int':
    case 'long':
      return restrictionLines('xs:integer', rangeLines(row.min, row.max))
    case 'enum':
      return restrictionLines('xs:token', wordLines(row.words))
    case 'list':
      return row.words === null ? null : restrictionLines('xs:token', wordLines(row.words))
    case 'text':
    case 'file':
    case 'secret':
      return null
  }
}

function restrictionLines(base: string, facets: readonly string[]): string[] {
  if (facets.length === 0) return [`<xs:restriction base="${base}"/>`]
  return [`<xs:restriction base="${base}">`, ...indented(facets), '</xs:restriction>']
}

function rangeLines(min: number, max: number): string[] {
  const lines: string[] = []
  if (min !== -UNLIMITED) lines.push(`<xs:minInclusive value="${min}"/>`)
  if (max !== UNLIMITED) lines.push(`<xs:maxInclusive value="${max}"/>`)
  return lines
}

function wordLines(words: readonly string[]): string[] {
  return words.map((word) => `<xs:enumeration value="${escaped(word)}"/>`)
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `    ${line}`)
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
