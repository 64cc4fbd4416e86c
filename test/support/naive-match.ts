// SPDX-License-Identifier: Apache-2.0

/** Topic matching as the specification words it (spec 5.0, 4.7), level by level: slow and easy to check. */
export function matches(filter: string, topicName: string): boolean {
  if (topicName.startsWith('$') && /^[+#]/.test(filter)) return false
  const filterLevels = filter.split('/')
  const topicLevels = topicName.split('/')
  if (filterLevels.at(-1) === '#') {
    const parent = filterLevels.slice(0, -1)
    return topicLevels.length >= parent.length && parent.every((level, i) => level === '+' || level === topicLevels[i])
  }
  if (filterLevels.length !== topicLevels.length) return false
  return filterLevels.every((level, i) => level === '+' || level === topicLevels[i])
}
