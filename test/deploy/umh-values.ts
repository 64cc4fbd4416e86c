// SPDX-License-Identifier: Apache-2.0
import type { Values } from '../support/deploy/helm.ts'
import { UMH_SUITES } from '../support/tls/fixtures.ts'

/** Stand in for the stores that UMH's values print. */
export const KEYSTORE: string = Buffer.from('a key store').toString('base64')
export const TRUSTSTORE: string = Buffer.from('a trust store').toString('base64')

const TLS = { port: 8883, tls_versions: ['TLSv1.3', 'TLSv1.2'], cipher_suites: UMH_SUITES }

/** The values of UMH's chart 0.15.0 as they concern the broker, with some that do not. */
export const UMH_0_15: Values = {
  _000_commonConfig: {
    datasources: { sensorconnect: { enabled: true, iprange: '192.168.10.1/24' } },
    infrastructure: {
      mqtt: {
        enabled: true,
        adminUser: { enabled: false, name: 'admin-user', encryptedPassword: 'c2FsdA==:100:aGFzaA==' },
        tls: {
          useTLS: false,
          insecureSkipVerify: true,
          keystoreBase64: KEYSTORE,
          keystorePassword: 'changeme',
          truststoreBase64: TRUSTSTORE,
          truststorePassword: 'changeme',
          privateKeyPassword: 'changeme',
          caCert: '',
          mqtt_kafka_bridge: { cert: '', key: '' },
        },
      },
    },
    datamodel_v2: { enabled: true },
  },
  mqtt_broker: {
    image: { repository: 'management.umh.app/oci/hivemq/hivemq-ce', tag: 2024.1, pullPolicy: 'IfNotPresent' },
    initContainer: {
      hivemqextensioninit: { image: { repository: 'united-manufacturing-hub/hivemq-init', tag: '0.11.0' } },
    },
    rbacEnabled: false,
    resources: { limits: { cpu: '700m', memory: '1700Mi' }, requests: { cpu: '300m', memory: '1000Mi' } },
    persistence: { extension: { size: '100Mi' }, storage: { size: '2Gi' } },
    service: {
      type: 'LoadBalancer',
      mqtt: { enabled: true, port: 1883 },
      mqtts: { enabled: true, ...TLS },
      ws: { enabled: false, port: 8080 },
      wss: { enabled: false, ...TLS, port: 8443 },
    },
  },
  mqttkafkabridge: { enabled: true, mqtt: { password: 'INSECURE_INSECURE_INSECURE', encryptedPassword: '' } },
  packmlmqttsimulator: { enabled: true, env: { site: 'testLocation', area: 'DefaultArea' } },
  kafka_broker: {},
  nodered: { enabled: true, port: 1880 },
}

/** Those of chart 0.16.0 and later. */
export const UMH_0_16: Values = {
  tags: { classic: true },
  image: { registry: 'management.umh.app/oci' },
  _000_commonConfig: { debug: { disableTelemetry: false } },
  _001_mqttConfig: {
    mqtt: {
      enabled: true,
      external: { enabled: true, tlsOnly: false, requireMutualAuth: false },
      certificates: {
        keystore: { pkcs: KEYSTORE, password: 'changeme', privatekeypassword: 'changeme' },
        truststore: { pkcs: TRUSTSTORE, password: 'changeme' },
      },
    },
  },
  _002_kafkaConfig: { kafka: { enabled: true } },
  _003_legacyConfig: { enableLegacyDataModel: false, enableLegacyMQTTService: false },
}

/** Values with others laid over them, as Helm does it with further files. */
export function over(values: Values, others: Values): Values {
  const merged: Record<string, unknown> = { ...values }
  for (const [key, value] of Object.entries(others)) {
    const below = merged[key]
    merged[key] = isObject(below) && isObject(value) ? over(below, value) : value
  }
  return merged
}

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
