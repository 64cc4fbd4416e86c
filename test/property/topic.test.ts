// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toRecipients } from '../../src/topic/recipients.ts'
import { type Subscriber, Subscription, withoutNoLocal } from '../../src/topic/subscription.ts'
import { SubscriptionIndex } from '../../src/topic/subscription-index.ts'
import { TopicCover } from '../../src/topic/topic-cover.ts'
import { TopicCache } from '../../src/topic/topic-cache.ts'
import { parseTopicFilter } from '../../src/topic/topic-filter.ts'
import { TopicTree } from '../../src/topic/topic-tree.ts'
import { matches } from '../support/naive-match.ts'

class TestSubscriber implements Subscriber {
  readonly isSharedGroup = false
  matchStamp = 0
  matchIndex = 0
}

// Few names, so that filters and topics meet often; the empty level and $-topics are among them.
const level = fc.constantFrom('a', 'b', '', '$x', 'long-level-name')
const topicName = fc
  .array(level, { minLength: 1, maxLength: 5 })
  .map((levels) => levels.join('/'))
  .filter((name) => name !== '')
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 4 }), fc.constantFrom('', '#', '+', 'a'))
  .map(([levels, last]) => [...levels, last].join('/'))
  .filter((text) => parseTopicFilter(text) !== null)
const options = { qos: 0, noLocal: false, retainAsPublished: false, identifier: 0 } as const

/** Of filters and of what they begin with, the empty beginning too. */
function shapesOf(filters: readonly string[]): number {
  const shapes = new Set([''])
  for (const text of filters) {
    const levels = text.split('/').map((name) => (name === '+' || name === '#' ? name : 'name'))
    for (let depth = 1; depth <= levels.length; depth++) shapes.add(levels.slice(0, depth).join('/'))
  }
  return shapes.size
}

describe('SubscriptionIndex', () => {
  it('finds what the specification says, through any sequence of inserts and removals', () => {
    const step = fc.record({ filter, isRemoval: fc.boolean(), place: fc.nat() })
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.array(topicName, { minLength: 1, maxLength: 10 }),
        (steps, names) => {
          const index = new SubscriptionIndex<TestSubscriber>()
          const present: { filter: string; subscription: Subscription<TestSubscriber> }[] = []
          for (const { filter: text, isRemoval, place } of steps) {
            if (isRemoval && present.length > 0) {
              const [gone] = present.splice(place % present.length, 1)
              index.remove(gone!.filter, gone!.subscription)
            } else {
              const subscription = new Subscription(new TestSubscriber(), options)
              index.insert(text, subscription)
              present.push({ filter: text, subscription })
            }
          }
          expect(index.size).toBe(present.length)
          expect(index.shapes).toBe(shapesOf(present.map((entry) => entry.filter)))
          for (const name of names) {
            const found: Subscription<TestSubscriber>[] = []
            index.match(name, found)
            const expected = present.filter((entry) => matches(entry.filter, name)).map((entry) => entry.subscription)
            expect(new Set(found)).toEqual(new Set(expected))
            expect(found).toHaveLength(expected.length)
          }
        },
      ),
      { numRuns: 1_000 },
    )
  })

  it('finds each of thousands of filters while they come, and while they go', () => {
    const index = new SubscriptionIndex<TestSubscriber>()
    const found = (name: string): number => {
      const subscriptions: Subscription<TestSubscriber>[] = []
      index.match(name, subscriptions)
      return subscriptions.length
    }
    const filters = Array.from({ length: 3_000 }, (_none, i) => {
      const text = [`${i}/a`, `${i}/+/b`, `${i}/c/#`][i % 3]!
      const topic = [`${i}/a`, `${i}/any/b`, `${i}/c`][i % 3]!
      return { text, topic, subscription: new Subscription(new TestSubscriber(), options) }
    })
    for (const { text, subscription } of filters) index.insert(text, subscription)
    for (const { topic } of filters) expect(found(topic)).toBe(1)
    // Scattered, so that what goes leaves holes before what stays.
    const scattered = filters.map((_filter, i) => filters[(i * 1_009) % filters.length]!)
    for (const [i, { text, topic, subscription }] of scattered.entries()) {
      index.remove(text, subscription)
      expect(found(topic)).toBe(0)
      if (i % 100 === 0) for (const rest of scattered.slice(i + 1)) expect(found(rest.topic)).toBe(1)
    }
    expect(index.size).toBe(0)
    expect(index.shapes).toBe(1)
  })

  it('matches topics of 32768 levels without recursion', () => {
    const index = new SubscriptionIndex<TestSubscriber>()
    const deep = new Array(32_768).fill('a').join('/')
    const filters = ['#', `${deep}/#`, deep.replaceAll('a', '+'), '/'.repeat(65_535)]
    for (const text of filters) index.insert(text, new Subscription(new TestSubscriber(), options))
    const found: Subscription<TestSubscriber>[] = []
    index.match(deep, found)
    expect(found).toHaveLength(3)
  })
})

describe('toRecipients', () => {
  it('gives each subscriber one delivery: highest QoS, all identifiers, and No Local by subscription', () => {
    const self = new TestSubscriber()
    const other = new TestSubscriber()
    const local = new Subscription(self, { qos: 1, noLocal: true, retainAsPublished: true, identifier: 7 })
    const plain = new Subscription(self, { qos: 0, noLocal: false, retainAsPublished: false, identifier: 8 })
    const single = new Subscription(other, { qos: 2, noLocal: true, retainAsPublished: false, identifier: 9 })
    const recipients = toRecipients([local, single, plain])
    expect(recipients.map(({ subscriber, qos, identifiers }) => ({ subscriber, qos, identifiers }))).toEqual([
      { subscriber: self, qos: 1, identifiers: [7, 8] },
      { subscriber: other, qos: 2, identifiers: [9] },
    ])
    expect(withoutNoLocal(recipients[0]!)).toMatchObject({ qos: 0, identifiers: [8], retainAsPublished: false })
    expect(withoutNoLocal(recipients[1]!)).toBeNull()
  })
})

describe('TopicCover', () => {
  /** HiveMQ's words for it: trailing slashes of a permission do not count, and `$` is a character like any other. */
  const isPermitted = (permission: string, name: string): boolean => {
    const stripped = permission.replace(/\/+$/, '')
    if (!/[+#]/.test(stripped)) return stripped !== '' && stripped === name.replace(/\/+$/, '')
    return matches(`x/${stripped}`, `x/${name}`)
  }
  // A permission and a filter that is one of its relatives: at random they would seldom have anything in common.
  const relatives = fc
    .tuple(
      filter,
      fc.array(fc.constantFrom(null, '+', 'a', ''), { minLength: 5, maxLength: 5 }),
      fc.boolean(),
      fc.nat(5),
    )
    .map(([permission, changes, endsInHash, length]) => {
      const levels = permission.split('/').map((each, i) => changes[i] ?? each)
      const related = endsInHash ? [...levels.slice(0, length), '#'] : levels
      return [permission, related.join('/')] as const
    })
    .filter(([, related]) => parseTopicFilter(related) !== null)

  it('covers no filter that brings a topic which the permission does not match', () => {
    let brought = 0
    let broughtThroughHole = 0
    fc.assert(
      fc.property(relatives, fc.array(topicName, { minLength: 20, maxLength: 20 }), ([permission, related], names) => {
        const isCovered = new TopicCover(permission).covers(related)
        const isCoveredByHivemq = new TopicCover(permission, true).covers(related)
        for (const name of names) {
          expect(new TopicCover(permission).covers(name)).toBe(isPermitted(permission, name))
          if (!matches(related, name)) continue
          if (isCovered) {
            brought++
            expect(isPermitted(permission, name)).toBe(true)
          } else if (isCoveredByHivemq && !isPermitted(permission, name)) broughtThroughHole++
        }
      }),
      { numRuns: 2_000 },
    )
    // Else it would prove nothing.
    expect(brought).toBeGreaterThan(100)
    expect(broughtThroughHole).toBeGreaterThan(0)
  })
})

describe('TopicTree', () => {
  it('finds the topics that a filter matches, each once, after any sequence of sets and deletes', () => {
    const step = fc.record({ topicName, isRemoval: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), filter, (steps, text) => {
        const tree = new TopicTree<string>()
        const present = new Set<string>()
        for (const { topicName: name, isRemoval } of steps) {
          if (isRemoval) expect(tree.delete(name)).toBe(present.delete(name))
          else {
            tree.set(name, name)
            present.add(name)
          }
        }
        expect(tree.size).toBe(present.size)
        for (const name of present) expect(tree.get(name)).toBe(name)
        const found = [...tree.match(text)]
        expect(found.toSorted()).toEqual([...present].filter((name) => matches(text, name)).toSorted())
      }),
      { numRuns: 1_000 },
    )
  })

  it('goes on with a walk while topics come and go', () => {
    const tree = new TopicTree<number>()
    for (let i = 0; i < 1_000; i++) tree.set(`a/${i}/b`, i)
    const seen = new Set<number>()
    for (const value of tree.match('a/+/b')) {
      seen.add(value)
      if (value % 2 === 0) tree.delete(`a/${value + 1}/b`)
      tree.set(`c/${value}`, value)
    }
    for (let i = 0; i < 1_000; i += 2) expect(seen.has(i)).toBe(true)
  })
})

describe('TopicCache', () => {
  const find = (cache: TopicCache<TestSubscriber>, name: string) => {
    const bytes = Buffer.from(name)
    const hash = cache.hash(bytes, 0, bytes.length)
    return { bytes, hash, topic: cache.find(hash, bytes, 0, bytes.length) }
  }
  const add = (cache: TopicCache<TestSubscriber>, name: string) => {
    const { bytes, hash, topic } = find(cache, name)
    return topic ?? cache.add(hash, bytes, 0, bytes.length)
  }

  it('finds a topic by its bytes, wherever they stand', () => {
    const cache = new TopicCache<TestSubscriber>()
    const topic = add(cache, 'umh/v1/über')
    const packet = Buffer.from('..umh/v1/über..')
    expect(cache.find(cache.hash(packet, 2, packet.length - 2), packet, 2, packet.length - 2)).toBe(topic)
    expect(find(cache, 'umh/v1/uber').topic).toBeNull()
    expect(topic.name).toBe('umh/v1/über')
  })

  it('keeps many topics, and is bounded', () => {
    const cache = new TopicCache<TestSubscriber>()
    for (let i = 0; i < 20_000; i++) add(cache, `machine/${i}/value`)
    let kept = 0
    for (let i = 0; i < 20_000; i++) if (find(cache, `machine/${i}/value`).topic !== null) kept++
    expect(kept).toBeGreaterThan(19_000)
    for (let i = 0; i < 400_000; i++) add(cache, `other/${i}`)
    expect(cache.size).toBeLessThanOrEqual(262_144)
  })

  it('forgets matches: of one topic, of all, and when they take too much memory', () => {
    const cache = new TopicCache<TestSubscriber>()
    const one = add(cache, 'one')
    const two = add(cache, 'two')
    const isValid = (topic: typeof one): boolean => topic.generation === cache.generation
    cache.setRecipients(one, [])
    cache.setRecipients(two, [])
    cache.invalidate('one')
    expect([isValid(one), isValid(two)]).toEqual([false, true])
    cache.invalidateAll()
    expect(isValid(two)).toBe(false)
    const many = new Array<Subscription<TestSubscriber>>(2_000_001).fill(
      new Subscription(new TestSubscriber(), options),
    )
    cache.setRecipients(one, many)
    cache.setRecipients(two, many)
    expect(cache.size).toBe(0)
  })
})
