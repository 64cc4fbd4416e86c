// SPDX-License-Identifier: Apache-2.0
import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { lint, render, validate } from '../support/deploy/helm.ts'
import { ALWAYS, BROKER, EXTERNAL, MATCH_LABELS, mounts, OURS, PROBE, SELECTOR, VERNEMQ } from './umh-objects.ts'

const rendered = await render()

describe('the chart without any values', () => {
  it('makes the objects that UMH documents, and two more', () => {
    expect(rendered.ids).toEqual([...ALWAYS, ...OURS, EXTERNAL, ...VERNEMQ].toSorted())
  })

  it('makes what Kubernetes takes, and lints', async () => {
    expect(await validate([rendered])).toEqual([])
    expect(await lint({})).toContain('0 chart(s) failed')
  })

  it('gives every object the labels of UMH', () => {
    for (const { kind, metadata } of rendered.objects) expect({ kind, ...metadata.labels }).toMatchObject(MATCH_LABELS)
    const { selector, template } = rendered.statefulSet.spec
    expect(selector.matchLabels).toEqual(MATCH_LABELS)
    expect(template.metadata.labels).toMatchObject(MATCH_LABELS)
  })

  it('has one replica of one container with the ports, probes and the switch of UMH', () => {
    expect(rendered.statefulSet.spec).toMatchObject({ replicas: 1, serviceName: BROKER })
    const { name, ports, livenessProbe, readinessProbe, env, command, args } = rendered.container
    expect(name).toBe(BROKER)
    expect(ports.map((port) => [port.name, port.containerPort])).toEqual([
      ['mqtt', 1883],
      ['mqtts', 8883],
      ['prometheus', 9399],
      ['health', 9090],
    ])
    expect([livenessProbe, readinessProbe]).toEqual([PROBE, PROBE])
    expect(env).toEqual([{ name: 'HIVEMQ_ALLOW_ALL_CLIENTS', value: 'true' }])
    expect([command, args]).toEqual([undefined, undefined])
  })

  it('mounts what UMH mounts, where UMH mounts it', () => {
    const all = rendered.container.volumeMounts.map(({ mountPath, name }) => [mountPath, name])
    expect(Object.fromEntries(all)).toMatchObject(mounts('/opt/hivemq-ce-2024.1'))
    const readOnly = rendered.container.volumeMounts.filter((mount) => mount.readOnly)
    expect(readOnly.map(({ mountPath }) => mountPath)).toEqual(
      expect.arrayContaining(['/opt/hivemq-ce-2024.1/conf', '/configs', '/stores']),
    )
    expect(rendered.pod.volumes).toEqual(
      expect.arrayContaining([
        { name: 'hivemqce-mqtt-config', configMap: { name: `${BROKER}-hive` } },
        { name: `${BROKER}-data`, persistentVolumeClaim: { claimName: `${BROKER}-claim-data` } },
        { name: `${BROKER}-extensions`, persistentVolumeClaim: { claimName: `${BROKER}-claim-extensions` } },
        { name: 'hivemqce-extension-config', configMap: { name: `${BROKER}-extension` } },
        { name: `${BROKER}-keystores`, secret: { secretName: `${BROKER}-secret-keystore`, optional: false } },
      ]),
    )
  })

  it('keeps the claims when it is uninstalled', () => {
    for (const [name, size] of [
      ['data', '2Gi'],
      ['extensions', '100Mi'],
    ]) {
      const { metadata, spec } = rendered.object('PersistentVolumeClaim', `${BROKER}-claim-${name}`)
      expect(metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' })
      expect(metadata.labels).toMatchObject({ 'volume.alpha.kubernetes.io/storage-class': 'default' })
      expect(spec).toEqual({ accessModes: ['ReadWriteOnce'], resources: { requests: { storage: size } } })
    }
  })

  it('has services with 1883 and 8883 and nothing else, selected by name and component', () => {
    for (const { spec } of rendered.objects.filter(({ kind }) => kind === 'Service')) {
      expect(spec.selector).toEqual(SELECTOR)
      expect(spec.ports).toEqual([
        { name: 'mqtt', port: 1883, targetPort: 'mqtt', protocol: 'TCP' },
        { name: 'mqtts', port: 8883, targetPort: 'mqtts', protocol: 'TCP' },
      ])
    }
    const types = rendered.objects.flatMap(({ kind, metadata, spec }) =>
      kind === 'Service' ? [[metadata.name.replace(/^united-manufacturing-hub-/, ''), spec.type]] : [],
    )
    expect(Object.fromEntries(types)).toEqual({
      hivemqce: 'ClusterIP',
      'hivemqce-local-service': 'ClusterIP',
      mqtt: 'ClusterIP',
      'mqtt-external': 'LoadBalancer',
      vernemq: 'ClusterIP',
      'vernemq-local-service': 'ClusterIP',
    })
  })

  it('has the keys of UMH in its ConfigMaps', () => {
    expect(Object.keys(rendered.object('ConfigMap', `${BROKER}-hive`).data)).toEqual(['config.xml'])
    const { data } = rendered.object('ConfigMap', `${BROKER}-extension`)
    expect(Object.keys(data)).toEqual(['credentials.xml', 'heartbeat.xml', 'prometheus.properties'])
    expect(data['prometheus.properties']!.trim().split('\n')).toEqual([
      'ip=0.0.0.0',
      'port=9399',
      'metric_path=/metrics',
    ])
    expect(data['heartbeat.xml']).toMatch(/<port>9090<\/port>\s+<bind-address>0\.0\.0\.0<\/bind-address>/)
  })

  it('runs without root, without capabilities and on a read-only root, and waits for its clients to go', () => {
    expect(rendered.pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 10_000, fsGroup: 10_000 })
    expect(rendered.container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    expect(rendered.pod).toMatchObject({ automountServiceAccountToken: false, terminationGracePeriodSeconds: 30 })
    expect(rendered.container.lifecycle).toEqual({ preStop: { exec: { command: ['/bin/sh', '-c', 'sleep 3'] } } })
  })

  it('needs no hook: each extension has its files in a folder of its own below extensions/', () => {
    const byName = new Map<string, Map<string, string>>()
    for (const [mountPath, volume] of rendered.mounts) {
      const [, folder] = /\/extensions\/(.+)$/.exec(mountPath) ?? []
      if (folder === undefined) continue
      const files = new Map<string, string>()
      for (const { configMap } of volume.projected!.sources) {
        const { data } = rendered.object('ConfigMap', configMap!.name)
        for (const { key, path } of configMap!.items!) files.set(path, data[key]!)
      }
      expect(files.get('hivemq-extension.xml')).toContain(`<id>${folder}</id>`)
      byName.set(folder, files)
    }
    expect([...byName.keys()].toSorted()).toEqual([
      'hivemq-allow-all-extension',
      'hivemq-heartbeat-extension',
      'hivemq-prometheus-extension',
    ])
    expect(byName.get('hivemq-heartbeat-extension')!.get('extension-config.xml')).toContain('<path>/heartbeat</path>')
    expect(byName.get('hivemq-prometheus-extension')!.get('prometheusConfiguration.properties')).toContain('port=9399')
  })

  it('makes a certificate for the names of the services, signed by what the Secret has as ca.crt', () => {
    const { data } = rendered.object('Secret', `${BROKER}-secret-keystore`)
    const [certificate, ca] = ['tls.crt', 'ca.crt'].map(
      (key) => new X509Certificate(Buffer.from(data[key]!, 'base64')),
    ) as [X509Certificate, X509Certificate]
    expect(certificate.verify(ca.publicKey)).toBe(true)
    for (const name of ['mqtt', 'mqtt-external', 'hivemqce-local-service', 'vernemq', 'vernemq-local-service']) {
      expect(certificate.checkHost(`united-manufacturing-hub-${name}`)).toBeDefined()
    }
    expect(certificate.checkIP('127.0.0.1')).toBeDefined()
  })
})
