// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { formatComplaint } from './complaint.ts'
import type { ConfigElement } from './config-element.ts'
import { MAX_DEPTH } from '../util/markup-guard.ts'
import { parseElements } from './parse-elements.ts'
import { createReporter } from './reporter.ts'
import { sourceText } from './source-text.ts'

function parse(text: string): { root: ConfigElement | null; complaints: string[] } {
  const reporter = createReporter('config.xml')
  const root = parseElements(sourceText(text, text, [{ start: 0, fileOffset: 0, isInserted: false }]), reporter)
  return { root, complaints: reporter.complaints.map(formatComplaint) }
}

function nested(depth: number): string {
  return '<a>'.repeat(depth) + '</a>'.repeat(depth)
}

describe('parseElements', () => {
  it('gives names, trimmed texts, attributes, children and places', () => {
    const { root, complaints } = parse(
      '<?xml version="1.0"?>\n<hivemq x="1" xmlns:xsi="a" xsi:b="c">\n  <a y="">\n x <b/> y\n</a>\n</hivemq>',
    )
    expect(root).toEqual({
      name: 'hivemq',
      text: '',
      rawText: '\n  \n',
      attributes: ['x'],
      place: { line: 2, column: 1 },
      children: [
        {
          name: 'a',
          text: 'x  y',
          rawText: '\n x  y\n',
          attributes: ['y'],
          place: { line: 3, column: 3 },
          children: [{ name: 'b', text: '', rawText: '', attributes: [], children: [], place: { line: 4, column: 4 } }],
        },
      ],
    })
    expect(complaints).toEqual([])
  })

  it('joins text, CDATA and references over comments', () => {
    expect(parse('<a>1<!-- 2 -->3<![CDATA[<4&]]>&lt;&#53;&#x36;</a>').root?.text).toBe('13<4&<56')
  })

  it.each([
    ['', '1:1', 'an empty file', 'the element hivemq'],
    [' \n', '1:1', 'an empty file', 'the element hivemq'],
    [
      ' <?xml version="1.0"?><a/>',
      '1:2',
      '"XML declaration isn\'t allowed here"',
      'the declaration at the very start of the file',
    ],
    ['<a>\n  <b>\n</a>', '3:1', '"Missing end tag for element b"'],
    ['<a></a>\n<b/>', '2:1', '"Extra content at the end of the document"'],
    [
      '<a>secret & more</a>',
      '1:13',
      '"Unterminated reference (a reference must end with `;`)"',
      'well-formed XML, with &amp; in place of &',
    ],
    ['<a>secret&more;</a>', '1:10', 'an entity that XML does not define'],
    ['<a b="1" b="2"/>', '1:15', '"Duplicate attribute: b"'],
    // Characters outside of the basic plane do not shift the place; columns count them twice.
    ['<a>🐝🐝</a>🐝', '1:12', '"Extra content at the end of the document"'],
    ['<a>\u0001</a>', '1:4', '"Invalid character"'],
    ['<a><!-- <b> </a>', '1:8', '"Unclosed comment"'],
    ['just text', '1:1', '"Root element is missing or invalid"'],
  ])('refuses %j', (text, place, found, expected = 'well-formed XML') => {
    const { root, complaints } = parse(text)
    expect(root).toBeNull()
    expect(complaints).toEqual([`config.xml:${place}: found ${found}, expected ${expected}; the broker does not start`])
  })

  it.each([
    '<!DOCTYPE hivemq>\n<hivemq/>',
    '<!DOCTYPE hivemq [<!ENTITY a "b">]><hivemq>&a;</hivemq>',
    '<!DOCTYPE hivemq SYSTEM "http://example.com/a.dtd"><hivemq/>',
    '<!DOCTYPE',
  ])('refuses a DOCTYPE: %s', (text) => {
    const { root, complaints } = parse(text)
    expect(root).toBeNull()
    expect(complaints).toEqual(['config.xml:1:1: found a DOCTYPE, expected XML without one; the broker does not start'])
  })

  it('takes what only looks like one', () => {
    expect(parse('<a><!-- <!DOCTYPE a> --><![CDATA[<!DOCTYPE a>]]><?p <!DOCTYPE a>?></a>').root?.text).toBe(
      '<!DOCTYPE a>',
    )
  })

  it('refuses elements that are nested too deeply, however many there are', () => {
    expect(parse(nested(MAX_DEPTH)).complaints).toEqual([])
    for (const depth of [MAX_DEPTH + 1, 140_000]) {
      expect(parse(nested(depth)).complaints).toEqual([
        'config.xml:1:193: found more than 64 elements within one another, expected at most 64; the broker does not start',
      ])
    }
  })

  it.each([
    ['siblings', `<a>${'<b></b><b/><b c=">"/>'.repeat(100)}</a>`],
    ['ends of tags in text', `<a>${'/> > "'.repeat(100)}</a>`],
    ['tags in comments', `<a><!-- ${'<b>'.repeat(100)} --></a>`],
    ['tags in CDATA', `<a><![CDATA[${'<b>'.repeat(100)}]]></a>`],
  ])('counts no %s as depth', (_name, text) => {
    expect(parse(text).complaints).toEqual([])
  })

  it('cannot be led to count too little', () => {
    const complaint = /found more than 64 elements/
    expect(parse('<a b="/>">'.repeat(100)).complaints[0]).toMatch(complaint)
    expect(parse("<a b='/\">'>/>".repeat(100)).complaints[0]).toMatch(complaint)
    expect(parse('<a><!-- </a> -->'.repeat(100)).complaints[0]).toMatch(complaint)
  })

  it('reads names without their prefix, and says once that HiveMQ would not', () => {
    const { root, complaints } = parse('<h:hivemq xmlns:h="x">\n<h:mqtt/></h:hivemq>')
    expect(root?.name).toBe('hivemq')
    expect(root?.children.map((child) => child.name)).toEqual(['mqtt'])
    expect(complaints).toEqual([
      'config.xml:1:1: found the element hivemq in a namespace, expected elements without a namespace; namespaces are not looked at here, but HiveMQ ignores such elements',
    ])
    expect(parse('<hivemq xmlns="x"/>').complaints).toHaveLength(1)
    expect(parse('<hivemq>\n<mqtt xmlns="x"/><x:mqtt/></hivemq>').complaints).toEqual([
      expect.stringMatching(/^config\.xml:2:1: found the element mqtt in a namespace/),
    ])
  })

  it('says nothing of declarations that no element uses', () => {
    expect(
      parse('<hivemq xmlns="" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:a="b"/>').complaints,
    ).toEqual([])
  })
})
