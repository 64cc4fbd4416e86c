// SPDX-License-Identifier: Apache-2.0
import { pbkdf2Sync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { render, type Rendered, validate } from '../support/deploy/helm.ts'
import { ALWAYS, BROKER, configXml, EXTERNAL, mounts, OURS, VERNEMQ, withoutBlanks } from './umh-objects.ts'
import { KEYSTORE, over, TRUSTSTORE, UMH_0_15, UMH_0_16 } from './umh-values.ts'

const HUB = 'united-manufacturing-hub'

function credentials(rendered: Rendered): string {
  return rendered.object('ConfigMap', `${BROKER}-extension`).data['credentials.xml']!
}

function portsOf(rendered: Rendered, service: string): [string, number][] {
  return rendered.object('Service', service).spec.ports.map(({ name, port }) => [name, port])
}

describe("with the values of UMH's chart 0.15.0", async () => {
  const rendered = await render(UMH_0_15)

  it('makes the objects of that chart', async () => {
    expect(rendered.ids).toEqual([...ALWAYS, ...OURS, ...VERNEMQ].toSorted())
    expect(await validate([rendered])).toEqual([])
    expect(rendered.object('Service', `${HUB}-mqtt`).spec.type).toBe('LoadBalancer')
  })

  it('writes its config.xml', () => {
    expect(withoutBlanks(rendered.configXml)).toBe(withoutBlanks(configXml('REQUIRED')))
  })

  it('takes the key stores and the resources', () => {
    expect(rendered.object('Secret', `${BROKER}-secret-keystore`).data).toEqual({
      'keystore.jks': KEYSTORE,
      'truststore.jks': TRUSTSTORE,
    })
    expect(rendered.container.resources).toEqual({
      limits: { cpu: '700m', memory: '1700Mi' },
      requests: { cpu: '300m', memory: '1000Mi' },
    })
  })

  it("takes an image of Waggle's, and the version in the mount paths from any tag, but not HiveMQ's image", async () => {
    expect(rendered.container.image).toBe('waggle:0.1.0')
    expect(rendered.container.volumeMounts[0]!.mountPath).toBe('/opt/hivemq-ce-2024.1/conf')
    const image = { repository: 'registry.example/waggle', tag: '2023.7' }
    const own = await render(over(UMH_0_15, { mqtt_broker: { image } }))
    expect(own.container.image).toBe('registry.example/waggle:2023.7')
    const all = own.container.volumeMounts.map(({ mountPath, name }) => [mountPath, name])
    expect(Object.fromEntries(all)).toMatchObject(mounts('/opt/hivemq-ce-2023.7'))
  })

  it('has WebSocket ports, services and listeners when they are switched on, with ports of their own', async () => {
    const service = { ws: { enabled: true, port: 9001 }, wss: { enabled: true }, mqtt: { port: 11_883 } }
    const websocket = await render(over(UMH_0_15, { mqtt_broker: { service } }))
    expect(withoutBlanks(websocket.configXml)).toBe(withoutBlanks(configXml('REQUIRED', { hasWebSocket: true })))
    for (const name of [`${HUB}-mqtt`, `${BROKER}-local-service`, ...VERNEMQ.map((id) => id.split(' ')[1]!)]) {
      expect(portsOf(websocket, name)).toEqual([
        ['mqtt', 11_883],
        ['mqtts', 8883],
        ['ws', 9001],
        ['wss', 8443],
      ])
    }
    const ports = websocket.container.ports.map(({ containerPort }) => containerPort)
    expect(ports).toEqual([1883, 8883, 8080, 8443, 9399, 9090])
  })

  it('has no key stores when no listener needs them', async () => {
    const plain = await render(over(UMH_0_15, { mqtt_broker: { service: { mqtts: { enabled: false } } } }))
    expect(plain.ids).not.toContain(`Secret ${BROKER}-secret-keystore`)
    expect(plain.container.volumeMounts.map(({ mountPath }) => mountPath)).not.toContain('/stores')
    expect(plain.configXml).not.toContain('tls')
  })

  it('takes the cipher suites and protocols of each listener', async () => {
    const mqtts = { tls_versions: ['TLSv1.2'], cipher_suites: ['TLS_RSA_WITH_AES_128_GCM_SHA256'] }
    const { configXml: xml } = await render(over(UMH_0_15, { mqtt_broker: { service: { mqtts } } }))
    expect(xml.match(/<protocol>.*<\/protocol>/g)).toEqual(['<protocol>TLSv1.2</protocol>'])
    expect(xml.match(/<cipher-suite>.*<\/cipher-suite>/g)).toHaveLength(1)
  })

  it('lets in the five users of UMH with its password, when RBAC is switched on', async () => {
    const rbac = await render(over(UMH_0_15, { mqtt_broker: { rbacEnabled: true } }))
    expect(rbac.container.env).toEqual([{ name: 'HIVEMQ_ALLOW_ALL_CLIENTS', value: 'false' }])
    const folders = rbac.container.volumeMounts.map(({ name }) => name)
    expect(folders).toContain('hivemq-file-rbac-extension')
    expect(folders).not.toContain('hivemq-allow-all-extension')
    const users = [...credentials(rbac).matchAll(/<name>(.*)<\/name>\s*<password>(.*)<\/password>/g)]
    expect(users.map(([, name]) => name)).toEqual([
      'MQTT_KAFKA_BRIDGE',
      'SENSORCONNECT',
      'IOTSENSORSMQTT',
      'PACKMLSIMULATOR',
      'node-red',
    ])
    for (const [, name, password] of users) {
      const [salt, iterations, hash] = password!.split(':') as [string, string, string]
      const made = pbkdf2Sync(
        'INSECURE_INSECURE_INSECURE',
        Buffer.from(salt, 'base64'),
        Number(iterations),
        64,
        'sha512',
      )
      expect([name, made.toString('base64')]).toEqual([name, hash])
    }
    expect(credentials(rbac)).toContain('<topic>testLocation/DefaultArea/DefaultProductionLine/#</topic>')
  })

  it("takes the hashes of UMH's services, its administrator, and the line of its simulator", async () => {
    const rbac = await render(
      over(UMH_0_15, {
        mqtt_broker: { rbacEnabled: true },
        _000_commonConfig: { infrastructure: { mqtt: { adminUser: { enabled: true, name: 'root & co' } } } },
        mqttkafkabridge: { mqtt: { encryptedPassword: 'YQ==:100:Yg==' } },
        packmlmqttsimulator: { env: { site: 'Aachen', area: 'Hall1', productionline: 'Line7' } },
      }),
    )
    expect(credentials(rbac)).toMatch(/<name>MQTT_KAFKA_BRIDGE<\/name>\s*<password>YQ==:100:Yg==<\/password>/)
    expect(credentials(rbac)).toMatch(/<name>root &amp; co<\/name>\s*<password>c2FsdA==:100:aGFzaA==<\/password>/)
    expect(credentials(rbac)).toContain('<topic>Aachen/Hall1/Line7/#</topic>')
    // Four permissions instead of UMH's one with four topics, of which the last alone would count.
    expect(
      credentials(rbac).match(/<permission><topic>(#|\$dropped\/#|\$expired\/#|\$dead\/#)<\/topic>/g),
    ).toHaveLength(4)
  })

  it('makes nothing when the broker is switched off', async () => {
    const none = await render(over(UMH_0_15, { _000_commonConfig: { infrastructure: { mqtt: { enabled: false } } } }))
    expect(none.ids).toEqual([])
  })

  it('needs no key of that chart but one', async () => {
    const { configXml: xml, container } = await render({ mqtt_broker: { rbacEnabled: true } })
    expect(container.env[0]!.value).toBe('false')
    expect(xml).toContain('<trusted-certificates>/stores/ca.crt</trusted-certificates>')
  })
})

describe("with the values of UMH's chart 0.16.0 and later", async () => {
  const rendered = await render(UMH_0_16)

  it('makes the objects of that chart', async () => {
    expect(rendered.ids).toEqual([...ALWAYS, ...OURS, EXTERNAL].toSorted())
    expect(await validate([rendered])).toEqual([])
    expect(rendered.object('Service', `${HUB}-mqtt`).spec.type).toBe('ClusterIP')
    expect(rendered.object('Service', `${HUB}-mqtt-external`).spec.type).toBe('LoadBalancer')
    expect(rendered.container.image).toBe('management.umh.app/oci/waggle:0.1.0')
  })

  it('writes its config.xml, without retained messages', () => {
    expect(withoutBlanks(rendered.configXml)).toBe(withoutBlanks(configXml('OPTIONAL', { retainedMessages: false })))
  })

  it('leaves 1883 out of the external service, asks for certificates, or makes no external service', async () => {
    const external = { tlsOnly: true, requireMutualAuth: true }
    const strict = await render(over(UMH_0_16, { _001_mqttConfig: { mqtt: { external } } }))
    expect(portsOf(strict, `${HUB}-mqtt-external`)).toEqual([['mqtts', 8883]])
    expect(portsOf(strict, `${HUB}-mqtt`)).toHaveLength(2)
    expect(withoutBlanks(strict.configXml)).toBe(withoutBlanks(configXml('REQUIRED', { retainedMessages: false })))
    const inner = await render(over(UMH_0_16, { _001_mqttConfig: { mqtt: { external: { enabled: false } } } }))
    expect(inner.ids).not.toContain(EXTERNAL)
  })

  it('makes the services with the names of VerneMQ when they are asked for', async () => {
    const legacy = await render(over(UMH_0_16, { _003_legacyConfig: { enableLegacyMQTTService: true } }))
    expect(legacy.ids).toEqual(expect.arrayContaining([...VERNEMQ]))
  })
})
