// SPDX-License-Identifier: Apache-2.0

const SLASH = 0x2f
const HASH = 0x23
const PLUS = 0x2b

/**
 * Whether a permission's filter covers a topic name or filter, by HiveMQ's rules, which are not those of subscriptions:
 * trailing slashes of the permission do not count, `a/#` covers `a`, and topics that start with `$` are nothing special.
 * Unlike HiveMQ's, a permission `a/+` or `a/+/#` does not cover the filter `a/#` unless it is told so: it covers a filter only
 * if it covers every topic that the filter can match.
 *
 * Both are compared as they stand and not cut into levels: a client may have hundreds of permissions, and the levels of those of
 * 5 000 clients would take some hundred megabytes.
 */
export class TopicCover {
  /** A topic filter; without slashes at its end. */
  readonly #permission: string
  readonly #hasWildcard: boolean
  /** Of what stands before the first level with a wildcard. */
  readonly #prefixLength: number
  readonly #plusCoversHash: boolean

  constructor(permission: string, plusCoversHash = false) {
    this.#permission = withoutTrailingSlashes(permission)
    const wildcard = this.#permission.search(/[+#]/)
    this.#hasWildcard = wildcard >= 0
    this.#prefixLength = this.#hasWildcard ? Math.max(wildcard - 1, 0) : this.#permission.length
    this.#plusCoversHash = plusCoversHash
  }

  covers(topic: string): boolean {
    const permission = this.#permission
    const length = this.#prefixLength
    // From behind: permissions of a client begin alike, so most of them differ after a few characters.
    for (let i = length - 1; i >= 0; i--) if (permission.charCodeAt(i) !== topic.charCodeAt(i)) return false
    if (this.#hasWildcard) return this.#coversLevels(topic)
    if (length === 0) return false
    for (let i = length; i < topic.length; i++) if (topic.charCodeAt(i) !== SLASH) return false
    return true
  }

  #coversLevels(topic: string): boolean {
    const permission = this.#permission
    let p = 0
    let t = 0
    // Each time both stand at the beginning of a level; the topic one further than its end when it has none left.
    for (;;) {
      let code = permission.charCodeAt(p)
      // The parent level too.
      if (code === HASH) return true
      if (t > topic.length) return false
      if (code === PLUS) {
        if (topic.charCodeAt(t) === HASH && !this.#plusCoversHash) return false
        p++
        while (t < topic.length && topic.charCodeAt(t) !== SLASH) t++
      } else {
        while (p < permission.length && code !== SLASH) {
          if (topic.charCodeAt(t) !== code) return false
          t++
          code = permission.charCodeAt(++p)
        }
        if (t < topic.length && topic.charCodeAt(t) !== SLASH) return false
      }
      if (p === permission.length) return t === topic.length
      p++
      t++
    }
  }
}

function withoutTrailingSlashes(text: string): string {
  let end = text.length
  while (end > 0 && text.charCodeAt(end - 1) === SLASH) end--
  return text.slice(0, end)
}
