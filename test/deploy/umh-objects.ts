// SPDX-License-Identifier: Apache-2.0
import { UMH_SUITES } from '../support/tls/fixtures.ts'

/** What UMH's documentation and its charts say about the objects of the broker, as the chart has to make them. */
const HUB = 'united-manufacturing-hub'
export const BROKER: string = `${HUB}-hivemqce`

export const MATCH_LABELS: Readonly<Record<string, string>> = {
  'app.kubernetes.io/instance': HUB,
  'app.kubernetes.io/managed-by': 'Helm',
  'app.kubernetes.io/part-of': HUB,
  'app.kubernetes.io/name': BROKER,
  'app.kubernetes.io/component': 'hivemqce',
}

export const SELECTOR: Readonly<Record<string, string>> = {
  'app.kubernetes.io/name': BROKER,
  'app.kubernetes.io/component': 'hivemqce',
}

export const ALWAYS: readonly string[] = [
  `ConfigMap ${BROKER}-extension`,
  `ConfigMap ${BROKER}-hive`,
  `PersistentVolumeClaim ${BROKER}-claim-data`,
  `PersistentVolumeClaim ${BROKER}-claim-extensions`,
  `Secret ${BROKER}-secret-keystore`,
  `Service ${BROKER}-local-service`,
  `Service ${HUB}-mqtt`,
  `StatefulSet ${BROKER}`,
]
export const EXTERNAL: string = `Service ${HUB}-mqtt-external`
export const VERNEMQ: readonly string[] = [`Service ${HUB}-vernemq`, `Service ${HUB}-vernemq-local-service`]
/** Waggle's own: the files from which its extensions are recognised, and the name that the StatefulSet gives. */
export const OURS: readonly string[] = [`ConfigMap ${BROKER}-extension-folders`, `Service ${BROKER}`]

/** Mounts of the broker's container, below the home or absolute. */
export function mounts(home: string): Readonly<Record<string, string>> {
  return {
    [`${home}/conf`]: 'hivemqce-mqtt-config',
    [`${home}/data`]: `${BROKER}-data`,
    [`${home}/extensions`]: `${BROKER}-extensions`,
    '/configs': 'hivemqce-extension-config',
    '/stores': `${BROKER}-keystores`,
  }
}

export const PROBE: object = {
  httpGet: { path: '/heartbeat', port: 9090 },
  initialDelaySeconds: 60,
  periodSeconds: 10,
  timeoutSeconds: 5,
  successThreshold: 1,
  failureThreshold: 3,
}

const CIPHERS_XML = UMH_SUITES.map((suite) => `<cipher-suite>${suite}</cipher-suite>`).join('')

function tlsXml(mode: string): string {
  return `<tls><protocols><protocol>TLSv1.3</protocol><protocol>TLSv1.2</protocol></protocols>
    <keystore><path>/stores/keystore.jks</path><password>changeme</password>
    <private-key-password>changeme</private-key-password></keystore>
    <truststore><path>/stores/truststore.jks</path><password>changeme</password></truststore>
    <client-authentication-mode>${mode}</client-authentication-mode>
    <cipher-suites>${CIPHERS_XML}</cipher-suites>
    <prefer-server-cipher-suites>true</prefer-server-cipher-suites></tls>`
}

const WEBSOCKET_XML = `<path>/mqtt</path><subprotocols><subprotocol>mqttv3.1</subprotocol>
  <subprotocol>mqtt</subprotocol></subprotocols><allow-extensions>true</allow-extensions>`

/** The config.xml of UMH's charts. */
export function configXml(
  mode: 'REQUIRED' | 'OPTIONAL',
  { hasWebSocket = false, retainedMessages = true }: { hasWebSocket?: boolean; retainedMessages?: boolean } = {},
): string {
  const websocket = `<websocket-listener><port>8080</port><bind-address>0.0.0.0</bind-address>
    <name>hivemq-websocket</name>${WEBSOCKET_XML}</websocket-listener>
    <tls-websocket-listener><port>8443</port><bind-address>0.0.0.0</bind-address>
    <name>hivemq-secure-websocket</name>${WEBSOCKET_XML}${tlsXml(mode)}</tls-websocket-listener>`
  const retained = '<mqtt><retained-messages><enabled>false</enabled></retained-messages></mqtt>'
  return `<?xml version="1.0"?><hivemq xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><listeners>
    <tcp-listener><port>1883</port><bind-address>0.0.0.0</bind-address><name>hivemq-mqtt</name></tcp-listener>
    <tls-tcp-listener><port>8883</port><bind-address>0.0.0.0</bind-address><name>hivemq-secure-mqtt</name>
    ${tlsXml(mode)}</tls-tcp-listener>${hasWebSocket ? websocket : ''}</listeners>
    <persistence><client-session><general><mode>file</mode></general><queued-messages>
    <max-queued-messages>1800000</max-queued-messages>
    <queued-messages-strategy>discard-oldest</queued-messages-strategy><mode>file</mode></queued-messages>
    <subscriptions><mode>file</mode></subscriptions></client-session>
    <message-flow><incoming><mode>file</mode></incoming><outgoing><mode>file</mode></outgoing></message-flow>
    <retained-messages><mode>file</mode></retained-messages><publish-payloads><mode>file</mode></publish-payloads>
    <attribute><mode>file</mode></attribute><client-group><mode>file</mode></client-group></persistence>
    <security><allow-empty-client-id><enabled>false</enabled></allow-empty-client-id>
    <utf8-validation><enabled>true</enabled></utf8-validation></security>
    <mqtt-addons><dead-messages-topic><enabled>true</enabled></dead-messages-topic>
    <expired-messages-topic><enabled>true</enabled></expired-messages-topic>
    <dropped-messages-topic><enabled>true</enabled></dropped-messages-topic></mqtt-addons>
    ${retainedMessages ? '' : retained}</hivemq>`
}

/** XML without what stands between its elements. */
export function withoutBlanks(xml: string): string {
  return xml.replaceAll(/>\s+</g, '><').trim()
}
