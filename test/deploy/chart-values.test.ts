// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { refusal, render } from '../support/deploy/helm.ts'
import { readConfigText } from '../support/deploy/read-config-text.ts'
import { BROKER } from './umh-objects.ts'

describe('values', () => {
  it.each([
    ['a misspelt key', { listeners: { mqqts: {} } }, /mqqts/],
    ['a wrong type', { rbac: { enabled: 'yes' } }, /rbac.enabled|rbac\/enabled/],
    ['two brokers on one store', { replicas: 2 }, /replicas/],
    ['a protocol that Java does not know', { listeners: { mqtts: { tls_versions: ['SSLv3'] } } }, /tls_versions/],
    ['a home where nothing looks', { home: '/srv/mqtt' }, /home/],
    ["a misspelt key of UMH's", { mqtt_broker: { service: { mqttts: { enabled: true } } } }, /mqttts/],
    ['RBAC without anybody', { rbac: { enabled: true } }, /rbac.enabled without anybody who may log in/],
    [
      'client certificates with nothing to check them with',
      { tls: { clientAuthentication: 'REQUIRED', existingSecret: { name: 'tls', trustedCertificatesKey: '' } } },
      /nothing to check client certificates with/,
    ],
    ['an issuer without a name', { tls: { certManager: { enabled: true } } }, /issuerRef.name is missing/],
    [
      'no listener at all',
      { listeners: { mqtt: { enabled: false }, mqtts: { enabled: false } } },
      /there is no listener/,
    ],
    [
      'TLS only, without TLS',
      { service: { external: { tlsOnly: true } }, listeners: { mqtts: { enabled: false } } },
      /tlsOnly needs a listener with TLS/,
    ],
    [
      'an element that the chart writes too, of which one would not count',
      { config: { extra: '<mqtt>\n  <keep-alive><max-keep-alive>60</max-keep-alive></keep-alive>\n</mqtt>' } },
      /config.extra has <mqtt>, which this chart writes too/,
    ],
    [
      'the same within waggle',
      { config: { waggle: '<persistence><max-disk-usage>99999999</max-disk-usage></persistence>' } },
      /config.waggle has <persistence>, which this chart writes too/,
    ],
  ])('are refused: %s', async (_what, values, expected) => {
    expect(await refusal(values)).toMatch(expected)
  })

  it('tell the broker how large the store may become, and whose PROXY headers to trust, beside certificates', async () => {
    const trusted = { trustedProxies: ['10.0.0.0/8', 'fd00::/8'] }
    const { configXml } = await render({
      config: { maxDiskUsage: 8589934592, durability: 'os' },
      listeners: { mqtt: trusted, mqtts: trusted, ws: { enabled: false, ...trusted } },
    })
    const { config, complaints } = await readConfigText(configXml)
    expect(complaints).toEqual([])
    expect(config!.persistence).toMatchObject({ maxDiskUsage: 8589934592, durability: 'os' })
    expect(
      config!.listeners.map(({ name, proxyProtocol, tls }) => [name, proxyProtocol !== null, tls !== null]),
    ).toEqual([
      ['hivemq-mqtt', true, false],
      ['hivemq-secure-mqtt', true, true],
    ])
    expect(configXml.match(/<network>.*<\/network>/g)).toEqual(
      [1, 2].flatMap(() => ['<network>10.0.0.0/8</network>', '<network>fd00::/8</network>']),
    )
  })

  it("do so with UMH's as well", async () => {
    const { configXml } = await render({
      mqtt_broker: { service: { mqtt: { enabled: true, port: 1883 } } },
      _000_commonConfig: { infrastructure: { mqtt: { tls: { truststoreBase64: 'YQ==', keystoreBase64: 'YQ==' } } } },
      config: { maxDiskUsage: 8589934592 },
      listeners: { mqtt: { trustedProxies: ['10.0.0.1'] } },
    })
    const { config } = await readConfigText(configXml)
    expect(config!.persistence.maxDiskUsage).toBe(8589934592)
    expect(config!.listeners.map(({ proxyProtocol }) => proxyProtocol !== null)).toEqual([true, false])
  })

  it('restart the pod when config.xml changes, and only then', async () => {
    const annotationsOf = async (values: object): Promise<unknown> => {
      const { statefulSet } = await render(values as Record<string, unknown>)
      return statefulSet.spec.template.metadata.annotations
    }
    const users = [{ name: 'a', password: 'YQ==:100:Yg==', roles: ['superuser'] }]
    const before = await annotationsOf({ rbac: { enabled: true, users } })
    const other = [...users, { name: 'b', password: 'YQ==:100:Yg==', roles: ['superuser'] }]
    expect(await annotationsOf({ rbac: { enabled: true, users: other } })).toEqual(before)
    expect(await annotationsOf({ rbac: { enabled: true, users }, config: { maxQueueSize: 7 } })).not.toEqual(before)
  })

  it('take the certificate out of a Secret of cert-manager, in PEM', async () => {
    const certManager = { enabled: true, issuerRef: { kind: 'ClusterIssuer', name: 'plant' }, dnsNames: ['mqtt.plant'] }
    const rendered = await render({ tls: { certManager } })
    const { spec } = rendered.object('Certificate', `${BROKER}-tls`)
    expect(spec).toMatchObject({
      secretName: `${BROKER}-tls`,
      issuerRef: { kind: 'ClusterIssuer', name: 'plant' },
    })
    expect(spec.dnsNames).toEqual(expect.arrayContaining(['mqtt.plant', 'united-manufacturing-hub-mqtt']))
    expect(rendered.pod.volumes).toContainEqual({
      name: `${BROKER}-keystores`,
      secret: { secretName: `${BROKER}-tls`, optional: false },
    })
    expect(rendered.configXml).toMatch(
      /<name>hivemq-secure-mqtt<\/name>\s*<tls>\s*<certificate>\/stores\/tls.crt<\/certificate>\s*<private-key>\/stores\/tls.key<\/private-key>/,
    )
  })

  it('take a Secret that is there, whatever its keys are called', async () => {
    const existingSecret = { name: 'mine', format: 'jks', keystoreKey: 'ks.p12', truststoreKey: 'ts.p12' }
    const rendered = await render({ tls: { existingSecret, passwords: { existingSecret: 'words' } } })
    expect(rendered.ids).not.toContain(`Secret ${BROKER}-secret-keystore`)
    const { secret } = rendered.volume(`${BROKER}-keystores`)
    expect(secret).toEqual({
      secretName: 'mine',
      optional: false,
      items: [
        { key: 'ks.p12', path: 'keystore.jks' },
        { key: 'ts.p12', path: 'truststore.jks' },
      ],
    })
    expect(rendered.configXml).toContain('<password>${ENV:WAGGLE_KEYSTORE_PASSWORD}</password>')
    expect(rendered.container.env).toContainEqual({
      name: 'WAGGLE_KEYSTORE_PASSWORD',
      valueFrom: { secretKeyRef: { name: 'words', key: 'keystore-password' } },
    })
  })

  it('take credentials out of a Secret, with no others beside them', async () => {
    const rendered = await render({ rbac: { enabled: true, existingSecret: 'logins' } })
    expect(rendered.object('ConfigMap', `${BROKER}-extension`).data).not.toHaveProperty(['credentials.xml'])
    const volume = rendered.volume('hivemq-file-rbac-extension')
    expect(volume.projected!.sources).toContainEqual({
      secret: { name: 'logins', items: [{ key: 'credentials.xml', path: 'credentials.xml' }] },
    })
  })

  it('take claims and a config.xml that are there, and the whole text of one', async () => {
    const persistence = { data: { existingClaim: 'old-data' }, extensions: { existingClaim: 'old-extensions' } }
    const rendered = await render({ persistence, config: { existingConfigMap: 'mine' } })
    expect(rendered.ids.filter((id) => /PersistentVolumeClaim|-hive$/.test(id))).toEqual([])
    expect(JSON.stringify(rendered.pod.volumes)).toMatch(/"old-data".*"old-extensions"/)
    const { configXml } = await render({ config: { xml: '<hivemq>\n  <!-- mine -->\n</hivemq>\n' } })
    expect(configXml).toBe('<hivemq>\n  <!-- mine -->\n</hivemq>\n')
  })

  it('watch the broker with Prometheus through a service of its own', async () => {
    const rendered = await render({ serviceMonitor: { enabled: true, labels: { release: 'prometheus' } } })
    const { metadata, spec } = rendered.object('ServiceMonitor', BROKER)
    expect(metadata.labels).toMatchObject({ release: 'prometheus' })
    expect(spec.endpoints).toEqual([{ port: 'prometheus', path: '/metrics', interval: '30s', scrapeTimeout: '10s' }])
    const service = rendered.object('Service', `${BROKER}-metrics`)
    expect(service.metadata.labels).toMatchObject(spec.selector.matchLabels)
    const others = rendered.objects.filter(
      ({ kind, metadata: { name } }) => kind === 'Service' && !/metrics/.test(name),
    )
    expect(JSON.stringify(others)).not.toContain('9399')
  })

  it('shut off everything but MQTT, the probes and the metrics', async () => {
    const monitoring = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }
    const rendered = await render({ networkPolicy: { enabled: true, metricsFrom: [monitoring] } })
    const { spec } = rendered.object('NetworkPolicy', BROKER)
    expect(spec).toMatchObject({ policyTypes: ['Ingress', 'Egress'], egress: [] })
    expect(spec.ingress.map(({ ports, from }) => [ports.map(({ port }) => port), from])).toEqual([
      [['mqtt', 'mqtts'], undefined],
      [['prometheus'], [monitoring]],
      [['health'], undefined],
    ])
  })

  it('bring a dashboard whose panels are readable JSON and ask for metrics of the chosen pods', async () => {
    const rendered = await render({ grafanaDashboard: { enabled: true, namespace: 'monitoring' } })
    const { metadata, data } = rendered.object('ConfigMap', `${BROKER}-dashboard`)
    expect(metadata.labels).toMatchObject({ grafana_dashboard: '1' })
    const { panels } = JSON.parse(data['waggle.json']!)
    expect(panels.length).toBeGreaterThan(8)
    for (const { targets } of panels)
      for (const { expr } of targets)
        expect(expr).toMatch(/\b(com_hivemq|waggle|process|nodejs)_[a-z_]+\{namespace=~"\$namespace",pod=~"\$pod"\}/)
  })

  it('name the objects after another release, or as asked', async () => {
    expect((await render({}, 'broker')).ids).toContain('StatefulSet broker-hivemqce')
    expect((await render({ fullnameOverride: 'plant' }, 'broker')).ids).toContain('Service plant-mqtt')
  })
})
