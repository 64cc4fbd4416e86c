// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { TopicCover } from './topic-cover.ts'

const covers = (permission: string, topic: string, plusCoversHash = false): boolean =>
  new TopicCover(permission, plusCoversHash).covers(topic)

describe('TopicCover', () => {
  it.each([
    ['a', 'a'],
    ['a', 'a/'],
    ['a/', 'a'],
    ['a/b', 'a/b//'],
    ['a/#', 'a'],
    ['a/#', 'a/b/c'],
    ['a/#', 'a/+/c'],
    ['a/#', 'a/#'],
    ['#', '$dead/x'],
    ['#', '#'],
    ['+/x', '$SYS/x'],
    ['+', ''],
    ['a/+/c', 'a//c'],
    ['a/+', 'a/+'],
    ['a/+/', 'a/b'],
  ])('%s covers %s', (permission, topic) => {
    expect(covers(permission, topic)).toBe(true)
  })

  it.each([
    ['/', '/'],
    ['/', ''],
    ['a', 'b'],
    ['a', 'a/b'],
    ['a/b', 'a/+'],
    ['a/#', '#'],
    ['a/#', 'b'],
    ['a/#', '+'],
    ['a/+', 'a/b/c'],
    ['a/+', 'a'],
    ['a/+', 'a/#'],
    ['+', '#'],
    ['a/+/c', 'a/#'],
    ['a/+/#', 'a/#'],
  ])('%s does not cover %s', (permission, topic) => {
    expect(covers(permission, topic)).toBe(false)
  })

  it.each([
    ['a/+', 'a/#', true],
    ['a/+/#', 'a/#', true],
    ['+', '#', true],
    ['a/+/c', 'a/#', false],
    ['a/+', '#', false],
    ['a/b', 'a/#', false],
  ])('%s as HiveMQ has it covers %s: %j', (permission, topic, isCovered) => {
    expect(covers(permission, topic, true)).toBe(isCovered)
  })
})
