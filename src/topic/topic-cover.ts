// SPDX-License-Identifier: Apache-2.0

/**
 * Whether a permission's filter covers a topic name or filter, by HiveMQ's rules, which are not those of subscriptions:
 * trailing slashes of the permission do not count, `a/#` covers `a`, and topics that start with `$` are nothing special.
 * Unlike HiveMQ's, a permission `a/+` or `a/+/#` does not cover the filter `a/#` unless it is told so: it covers a filter only
 * if it covers every topic that the filter can match.
 */
export class TopicCover {
  /** Without wildcards: what the topic must be; else null. */
  readonly #name: string | null
  readonly #levels: readonly string[]

  readonly #plusCoversHash: boolean

  constructor(permission: string, plusCoversHash = false) {
    const stripped = withoutTrailingSlashes(permission)
    this.#name = stripped.includes('+') || stripped.includes('#') ? null : stripped
    this.#levels = stripped.split('/')
    this.#plusCoversHash = plusCoversHash
  }

  /** `levels` are those of the topic: whoever asks many permissions splits it once. */
  covers(topic: string, levels: readonly string[]): boolean {
    if (this.#name !== null) return this.#name !== '' && this.#name === withoutTrailingSlashes(topic)
    return this.#coversLevels(levels)
  }

  #coversLevels(topic: readonly string[]): boolean {
    const levels = this.#levels
    for (let i = 0; i < levels.length; i++) {
      const level = levels[i]
      // The parent level too.
      if (level === '#') return topic.length >= i
      if (i >= topic.length) return false
      if (level === '+' ? topic[i] === '#' && !this.#plusCoversHash : level !== topic[i]) return false
    }
    return levels.length === topic.length
  }
}

function withoutTrailingSlashes(text: string): string {
  let end = text.length
  while (end > 0 && text.charCodeAt(end - 1) === 0x2f) end--
  return text.slice(0, end)
}
