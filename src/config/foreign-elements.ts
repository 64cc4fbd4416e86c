// SPDX-License-Identifier: Apache-2.0

/** What is said about an element that does nothing here. */
export interface ForeignElement {
  readonly severity: 'warning' | 'info'
  readonly found: string
  readonly consequence: string
}

const NOT_YET = 'an element that is known but not supported yet'
const FROM_ENTERPRISE = "an element of HiveMQ's commercial editions"
const FROM_HIVEMQ_3 = 'an element of HiveMQ 3'

const notYet = (consequence: string): ForeignElement => ({ severity: 'warning', found: NOT_YET, consequence })
const fromHivemq3 = (successor: string): ForeignElement => ({
  severity: 'warning',
  found: FROM_HIVEMQ_3,
  consequence: `it is ignored; its successor is ${successor}`,
})
const legacyPersistence: ForeignElement = {
  severity: 'warning',
  found: FROM_HIVEMQ_3,
  consequence: 'it is ignored, as HiveMQ CE does',
}
const needless: ForeignElement = {
  severity: 'info',
  found: FROM_ENTERPRISE,
  consequence: 'it is ignored, nothing has to take its place',
}

/** Elements that files in the field have and that HiveMQ CE ignores in silence, or that are still to come, by path. */
export const FOREIGN_ELEMENTS: ReadonlyMap<string, ForeignElement> = new Map([
  ['listeners/tls-tcp-listener/tls/native-ssl', needless],
  ['listeners/tls-tcp-listener/tls/concurrent-handshake-limit', needless],
  ['listeners/tls-websocket-listener/tls/native-ssl', needless],
  ['listeners/tls-websocket-listener/tls/concurrent-handshake-limit', needless],

  ['persistence/client-session', legacyPersistence],
  ['persistence/message-flow', legacyPersistence],
  ['persistence/retained-messages', legacyPersistence],
  ['persistence/publish-payloads', legacyPersistence],
  ['persistence/attribute', legacyPersistence],
  ['persistence/client-group', legacyPersistence],

  ['mqtt/max-client-id-length', fromHivemq3('restrictions/max-client-id-length')],
  ['mqtt/no-connect-packet-idle-timeout-millis', fromHivemq3('restrictions/no-connect-idle-timeout')],
  ['mqtt/max-queued-messages', fromHivemq3('mqtt/queued-messages/max-queue-size')],
  [
    'throttling',
    fromHivemq3(
      'restrictions/max-connections, restrictions/incoming-bandwidth-throttling or mqtt/packets/max-packet-size',
    ),
  ],

  ['mqtt-addons', notYet('it is ignored, as HiveMQ CE does')],
])
