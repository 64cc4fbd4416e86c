// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../codec/packet-type.ts'
import type { SubscriptionRequest } from '../codec/subscribe.ts'
import type { TopicPermission } from '../extension-sdk/topic-permission.ts'
import { TopicCover } from '../topic/topic-cover.ts'
import { parseTopicFilter, type TopicFilter } from '../topic/topic-filter.ts'
import type { Authorizer, ClientIdentity } from './authorizer.ts'

const ANY_GROUP = '#'
/** Topics of one client whose decisions are kept: a gateway names some hundred. Then it starts anew. */
const MAX_DECISIONS = 1_000
/** Of a topic whose decisions are kept: with 65 535 each one client would take 64 MB. */
const LONGEST_DECIDED = 256
const ALLOWED_SHIFT = 6

/** A permission as decisions need it. There may be a million of them: 200 of each of 5 000 clients. */
interface Rule {
  readonly given: TopicPermission
  readonly topics: TopicCover
  readonly isAllowing: boolean
  readonly activity: NonNullable<TopicPermission['activity']>
  readonly qos: readonly QoS[]
  readonly retain: NonNullable<TopicPermission['retain']>
  readonly sharedSubscription: NonNullable<TopicPermission['sharedSubscription']>
  readonly sharedGroup: string
}

const ANY_QOS: readonly QoS[] = [0, 1, 2]
/** Of permissions that cannot change: clients that are given the same ones share them. */
const RULES = new WeakMap<TopicPermission, Rule>()

/**
 * The permissions that extensions have given to one client. The first that applies decides; where none does, it is the default
 * behaviour: unless set, a client without permissions may do everything, one that has any may do nothing else.
 */
export class Permissions implements Authorizer {
  readonly #rules: Rule[] = []
  /**
   * By topic what was decided for each QoS and RETAIN: a bit that says so, and one that says how. A decision among 200
   * permissions takes 5 µs, one that is known 0.01 µs.
   */
  #decisions: Map<string, number> | null = null
  #defaultBehaviour: 'allow' | 'deny' | undefined = undefined

  /** Nothing was ever said about the client. */
  get isUntouched(): boolean {
    return this.#rules.length === 0 && this.#defaultBehaviour === undefined
  }

  /** Throws a TypeError with what is wrong. */
  add(permission: TopicPermission): void {
    this.#rules.push(toRule(permission))
    this.#decisions = null
  }

  /** As they were given. */
  get list(): readonly TopicPermission[] {
    return this.#rules.map(({ given }) => given)
  }

  /** Takes these in place of all others. Throws a TypeError with what is wrong, and then nothing has changed. */
  replace(permissions: readonly TopicPermission[]): void {
    const rules = permissions.map(toRule)
    this.#rules.splice(0, this.#rules.length, ...rules)
    this.#decisions = null
  }

  remove(permission: TopicPermission): void {
    const index = this.#rules.findIndex(({ given }) => given === permission)
    if (index >= 0) this.#rules.splice(index, 1)
    this.#decisions = null
  }

  clear(): void {
    this.#rules.length = 0
    this.#decisions = null
  }

  /** Throws a TypeError with what is wrong. */
  setDefaultBehaviour(behaviour: 'allow' | 'deny'): void {
    expectValue(['allow', 'deny'].includes(behaviour), 'defaultBehaviour', behaviour, 'allow or deny')
    this.#defaultBehaviour = behaviour
    this.#decisions = null
  }

  mayPublish(_client: ClientIdentity, topicName: string, qos: QoS, retain: boolean): boolean {
    if (topicName.length > LONGEST_DECIDED) return this.#decide(topicName, qos, retain)
    const decisions = (this.#decisions ??= new Map<string, number>())
    const known = decisions.get(topicName) ?? 0
    const bit = 1 << (qos * 2 + (retain ? 1 : 0))
    if ((known & bit) !== 0) return ((known >> ALLOWED_SHIFT) & bit) !== 0
    const isAllowed = this.#decide(topicName, qos, retain)
    if (decisions.size >= MAX_DECISIONS) decisions.clear()
    decisions.set(topicName, known | bit | (isAllowed ? bit << ALLOWED_SHIFT : 0))
    return isAllowed
  }

  #decide(topicName: string, qos: QoS, retain: boolean): boolean {
    for (const rule of this.#rules) {
      if (rule.activity === 'subscribe' || !rule.qos.includes(qos)) continue
      if (rule.retain !== 'all' && (rule.retain === 'retained') !== retain) continue
      if (rule.topics.covers(topicName)) return rule.isAllowing
    }
    return this.isAllowedByDefault
  }

  maySubscribe(_client: ClientIdentity, filter: TopicFilter, { qos }: SubscriptionRequest): boolean {
    return this.allowsSubscription(filter, qos)
  }

  allowsSubscription({ filter, shareName }: TopicFilter, qos: QoS): boolean {
    for (const rule of this.#rules) {
      if (rule.activity === 'publish' || !rule.qos.includes(qos)) continue
      if (!appliesToSharing(rule, shareName)) continue
      if (rule.topics.covers(filter)) return rule.isAllowing
    }
    return this.isAllowedByDefault
  }

  get isAllowedByDefault(): boolean {
    return this.#defaultBehaviour === undefined ? this.#rules.length === 0 : this.#defaultBehaviour === 'allow'
  }
}

function appliesToSharing({ sharedSubscription, sharedGroup }: Rule, shareName: string | null): boolean {
  if (sharedSubscription !== 'all' && (sharedSubscription === 'shared') !== (shareName !== null)) return false
  return shareName === null || sharedGroup === ANY_GROUP || sharedGroup === shareName
}

function toRule(given: TopicPermission): Rule {
  const cannotChange = Object.isFrozen(given) && (given.qos === undefined || Object.isFrozen(given.qos))
  if (!cannotChange) return compile(given)
  const known = RULES.get(given) ?? compile(given)
  RULES.set(given, known)
  return known
}

function compile(given: TopicPermission): Rule {
  const {
    topicFilter,
    type = 'allow',
    activity = 'all',
    qos = ANY_QOS,
    retain = 'all',
    sharedSubscription = 'all',
    sharedGroup = ANY_GROUP,
    plusCoversHash = false,
  } = given
  const parsed = typeof topicFilter === 'string' ? parseTopicFilter(topicFilter) : null
  expectValue(parsed !== null && parsed.shareName === null, 'topicFilter', topicFilter, 'a topic filter, not shared')
  expectValue(type === 'allow' || type === 'deny', 'type', type, 'allow or deny')
  const isActivity = activity === 'publish' || activity === 'subscribe' || activity === 'all'
  expectValue(isActivity, 'activity', activity, 'publish, subscribe or all')
  const isQoS = Array.isArray(qos) && qos.every((level) => level === 0 || level === 1 || level === 2)
  expectValue(isQoS, 'qos', qos, 'an array of 0, 1, 2')
  const isRetain = retain === 'retained' || retain === 'not-retained' || retain === 'all'
  expectValue(isRetain, 'retain', retain, 'retained, not-retained or all')
  const isSharing =
    sharedSubscription === 'shared' || sharedSubscription === 'not-shared' || sharedSubscription === 'all'
  expectValue(isSharing, 'sharedSubscription', sharedSubscription, 'shared, not-shared or all')
  const isGroup = sharedGroup === ANY_GROUP || (typeof sharedGroup === 'string' && /^[^#+/]+$/.test(sharedGroup))
  expectValue(isGroup, 'sharedGroup', sharedGroup, 'the name of a group, or #')
  expectValue(typeof plusCoversHash === 'boolean', 'plusCoversHash', plusCoversHash, 'true or false')
  const topics = new TopicCover(topicFilter, plusCoversHash)
  return { given, topics, isAllowing: type === 'allow', activity, qos, retain, sharedSubscription, sharedGroup }
}

function expectValue(isValid: boolean, field: string, found: unknown, expected: string): void {
  if (!isValid) throw new TypeError(`${field} of a permission: found ${JSON.stringify(found)}, expected ${expected}`)
}
