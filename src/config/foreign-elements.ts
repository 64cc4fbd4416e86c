// SPDX-License-Identifier: Apache-2.0
import { FROM_ENTERPRISE, FROM_HIVEMQ_3 } from './legacy-elements.ts'

/** What is said about an element that does nothing here. */
export interface ForeignElement {
  readonly severity: 'warning' | 'info'
  readonly found: string
  readonly expected: string
  readonly consequence: string
}

/** The default limits are those of HiveMQ 3, so that most of these elements say nothing new. */
const successor = (path: string): ForeignElement => ({
  severity: 'warning',
  found: FROM_HIVEMQ_3,
  expected: `its successor ${path}`,
  consequence: 'it is ignored',
})
const gone = (found: string, consequence: string): ForeignElement => ({
  severity: 'warning',
  found,
  expected: '',
  consequence,
})
const needless: ForeignElement = {
  severity: 'info',
  found: FROM_ENTERPRISE,
  expected: '',
  consequence: 'it is ignored, nothing has to take its place',
}
const misplacedTls = (listener: string): ForeignElement => ({
  severity: 'warning',
  found: 'tls in a listener without TLS',
  expected: `a ${listener}`,
  consequence: 'it is ignored',
})
const NOT_HERE = 'it is ignored, there is no such thing here'

/** Elements that files in the field have and that HiveMQ CE ignores in silence, by path; within tls a warning is an error. */
export const FOREIGN_ELEMENTS: ReadonlyMap<string, ForeignElement> = new Map([
  ['listeners/tcp-listener/tls', misplacedTls('tls-tcp-listener')],
  ['listeners/websocket-listener/tls', misplacedTls('tls-websocket-listener')],
  ['listeners/tls-tcp-listener/tls/native-ssl', needless],
  ['listeners/tls-tcp-listener/tls/concurrent-handshake-limit', needless],
  ['listeners/tls-websocket-listener/tls/native-ssl', needless],
  ['listeners/tls-websocket-listener/tls/concurrent-handshake-limit', needless],

  ['mqtt/max-client-id-length', successor('restrictions/max-client-id-length')],
  ['mqtt/no-connect-packet-idle-timeout-millis', successor('restrictions/no-connect-idle-timeout')],
  ['mqtt/max-queued-messages', successor('mqtt/queued-messages/max-queue-size')],
  ['mqtt/retry-interval', gone(FROM_HIVEMQ_3, 'it is ignored, MQTT sends again on a new connection only')],
  ['throttling/max-connections', successor('restrictions/max-connections')],
  ['throttling/max-message-size', successor('mqtt/packets/max-packet-size')],
  ['throttling/incoming-limit', successor('restrictions/incoming-bandwidth-throttling')],
  ['throttling/outgoing-limit', gone(FROM_HIVEMQ_3, 'it is ignored, what leaves is not limited')],
  ['general', gone(FROM_HIVEMQ_3, NOT_HERE)],
  ['internal', gone(FROM_HIVEMQ_3, NOT_HERE)],
  ['rest-service', gone(FROM_HIVEMQ_3, NOT_HERE)],
  ['shared-subscriptions', gone(FROM_HIVEMQ_3, 'it is ignored, clients share subscriptions with $share/…')],

  ['cluster', gone(FROM_ENTERPRISE, 'it is ignored, a broker is one process')],
  ['control-center', gone(FROM_ENTERPRISE, NOT_HERE)],
  ['rest-api', gone(FROM_ENTERPRISE, NOT_HERE)],
  ['client-event-history', gone(FROM_ENTERPRISE, NOT_HERE)],
  ['data-hub', gone(FROM_ENTERPRISE, NOT_HERE)],
  ['overload-protection', gone(FROM_ENTERPRISE, NOT_HERE)],
])

/** Sections that hold foreign elements, each of which is complained of by itself. */
export const FOREIGN_SECTIONS: ReadonlySet<string> = new Set(['throttling'])
