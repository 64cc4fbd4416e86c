// SPDX-License-Identifier: Apache-2.0
import { DEFAULT_SETTINGS } from '../broker/settings.ts'
import type { SettingElement } from './setting-elements.ts'
import { UNLIMITED } from './value-element.ts'

// What stands in files in the field, means something to another edition of HiveMQ, and is ignored by HiveMQ CE in silence.

export const FROM_HIVEMQ_3 = 'an element of HiveMQ 3'
export const FROM_ENTERPRISE = "an element of HiveMQ's commercial editions"

/** An element that does here what it did there. */
export type LegacyElement = SettingElement & {
  readonly from: string
  /** The section that took its place, which wins where both are given. */
  readonly successor: string | null
}

const QUEUED_MESSAGES = 'persistence/client-session/queued-messages'

export const LEGACY_ELEMENTS: readonly LegacyElement[] = [
  {
    path: `${QUEUED_MESSAGES}/max-queued-messages`,
    type: 'long',
    setting: ['broker', 'maxQueueSize'],
    default: DEFAULT_SETTINGS.maxQueueSize,
    min: -UNLIMITED,
    max: UNLIMITED,
    below: -UNLIMITED,
    above: UNLIMITED,
    from: FROM_HIVEMQ_3,
    successor: 'mqtt/queued-messages',
  },
  {
    path: `${QUEUED_MESSAGES}/queued-messages-strategy`,
    type: 'enum',
    setting: ['broker', 'queuedMessagesStrategy'],
    default: DEFAULT_SETTINGS.queuedMessagesStrategy,
    words: ['discard', 'discard-oldest'],
    from: FROM_HIVEMQ_3,
    successor: 'mqtt/queued-messages',
  },
  addOn('dead-messages-topic', 'deadMessagesTopicEnabled'),
  addOn('expired-messages-topic', 'expiredMessagesTopicEnabled'),
  addOn('dropped-messages-topic', 'droppedMessagesTopicEnabled'),
]

/** Where HiveMQ 3 kept what, `file` or `in-memory`. One store serves everything here, and persistence/mode decides. */
export const LEGACY_MODES: readonly string[] = [
  'client-session/general',
  'client-session/queued-messages',
  'client-session/subscriptions',
  'message-flow/incoming',
  'message-flow/outgoing',
  'retained-messages',
  'publish-payloads',
  'attribute',
  'client-group',
].map((section) => `persistence/${section}/mode`)

type AddOn = 'deadMessagesTopicEnabled' | 'expiredMessagesTopicEnabled' | 'droppedMessagesTopicEnabled'

function addOn(name: string, field: AddOn): LegacyElement {
  return {
    path: `mqtt-addons/${name}/enabled`,
    type: 'boolean',
    setting: ['broker', field],
    default: DEFAULT_SETTINGS[field],
    from: FROM_ENTERPRISE,
    successor: null,
  }
}
