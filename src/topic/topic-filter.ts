// SPDX-License-Identifier: Apache-2.0

/** A topic filter taken apart; a shared one into its group and the filter within. */
export interface TopicFilter {
  /** What topic names are matched against. */
  readonly filter: string
  /** The group's name of `$share/<name>/<filter>`, or null. */
  readonly shareName: string | null
  readonly hasWildcard: boolean
}

const SHARE_PREFIX = '$share/'

/** Null when `text` is no valid filter. */
export function parseTopicFilter(text: string): TopicFilter | null {
  if (!text.startsWith(SHARE_PREFIX)) return toFilter(text, null)
  const nameEnd = text.indexOf('/', SHARE_PREFIX.length)
  if (nameEnd < 0) return null // [MQTT-4.8.2-2]
  const shareName = text.slice(SHARE_PREFIX.length, nameEnd)
  // [MQTT-4.8.2-1] [MQTT-4.8.2-2]
  if (shareName === '' || shareName.includes('+') || shareName.includes('#')) return null
  return toFilter(text.slice(nameEnd + 1), shareName)
}

function toFilter(filter: string, shareName: string | null): TopicFilter | null {
  if (filter === '') return null // [MQTT-4.7.3-1] [MQTT4-4.7.3-1]
  let hasWildcard = false
  for (let i = 0; i < filter.length; i++) {
    const character = filter[i]
    if (character !== '+' && character !== '#') continue
    hasWildcard = true
    const startsLevel = i === 0 || filter[i - 1] === '/'
    const isLast = i === filter.length - 1
    // '#' is the whole last level [MQTT-4.7.1-1] [MQTT4-4.7.1-2], '+' a whole level [MQTT-4.7.1-2] [MQTT4-4.7.1-3].
    if (!startsLevel || (!isLast && (character === '#' || filter[i + 1] !== '/'))) return null
  }
  return { filter, shareName, hasWildcard }
}

const SLASH = 0x2f
const PLUS = 0x2b
const HASH = 0x23

/** Whether a filter matches a topic name, both valid; that wildcards do not see $-topics is left to the caller. */
export function matchesFilter(filter: string, topicName: string): boolean {
  let at = 0
  for (let i = 0; i < filter.length; i++) {
    const code = filter.charCodeAt(i)
    if (code === HASH) return true
    if (code === PLUS) while (at < topicName.length && topicName.charCodeAt(at) !== SLASH) at++
    else if (topicName.charCodeAt(at) === code) at++
    // `a/#` matches `a`.
    else return at === topicName.length && i === filter.length - 2 && filter.endsWith('/#')
  }
  return at === topicName.length
}
