// SPDX-License-Identifier: Apache-2.0

const PLUS = 0x2b
const HASH = 0x23

/** Whether the bytes of a topic name are free of wildcards [MQTT-3.3.2-2] [MQTT-4.7.0-1] [MQTT4-3.3.2-2] [MQTT4-4.7.1-1]. */
export function hasWildcardBytes(buffer: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = buffer[i]
    if (byte === PLUS || byte === HASH) return true
  }
  return false
}

/** At least one character [MQTT-4.7.3-1] [MQTT4-4.7.3-1] and no wildcards [MQTT-4.7.0-1] [MQTT4-4.7.1-1]. */
export function isTopicName(text: string): boolean {
  return text.length > 0 && !text.includes('+') && !text.includes('#')
}

/** Topics that start with `$` are the server's own; filters that start with a wildcard do not see them [MQTT-4.7.2-1]. */
export function isDollarTopic(topicName: string): boolean {
  return topicName.charCodeAt(0) === 0x24
}
