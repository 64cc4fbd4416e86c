// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { formatComplaint } from '../../src/config/complaint.ts'
import { readConfig } from '../../src/config/read-config.ts'
import { Rendered, render, validate, type Values } from '../support/deploy/helm.ts'
import { BROKER } from './umh-objects.ts'
import { over, UMH_0_15, UMH_0_16 } from './umh-values.ts'

const HASH = 'YQ==:100:Yg=='
const USERS = [{ name: 'a <b>', password: HASH, roles: ['line'] }]
const ROLES = [{ id: 'line', permissions: [{ topic: 'line/#', activity: 'PUBLISH', qos: 'ALL', sharedGroup: '#' }] }]

/** Where the values come from, and what is switched on top of it: everything with everything. */
const SOURCES: Readonly<Record<string, Values>> = { none: {}, 'UMH 0.15': UMH_0_15, 'UMH 0.16': UMH_0_16 }
const SWITCHES: Readonly<Record<string, Values>> = {
  nothing: {},
  websockets: { listeners: { ws: { enabled: true }, wss: { enabled: true } } },
  'plain only': { listeners: { mqtts: { enabled: false } } },
  rbac: { rbac: { enabled: true, users: USERS, roles: ROLES, adminUser: { enabled: true, encryptedPassword: HASH } } },
  'credentials of a ConfigMap': { rbac: { enabled: true, existingConfigMap: 'mine' } },
  'cert-manager': { tls: { certManager: { enabled: true, issuerRef: { name: 'ca' } } } },
  'PEM Secret': { tls: { existingSecret: { name: 'tls' } } },
  'no client certificates': { tls: { clientAuthentication: 'NONE' } },
  everything: {
    commonLabels: { plant: 'north' },
    commonAnnotations: { team: 'mqtt' },
    image: { digest: `sha256:${'0'.repeat(64)}`, pullSecrets: [{ name: 'registry' }] },
    podDisruptionBudget: { enabled: true, maxUnavailable: 0 },
    networkPolicy: { enabled: true, mqttFrom: [{ podSelector: {} }], egress: [{ ports: [{ port: 53 }] }] },
    serviceMonitor: { enabled: true },
    grafanaDashboard: { enabled: true },
    probes: { startup: { periodSeconds: 1, failureThreshold: 120 } },
    nodeSelector: { disk: 'ssd' },
    tolerations: [{ key: 'edge', operator: 'Exists' }],
    affinity: {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: [] }] } },
    },
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: {} },
    ],
    priorityClassName: 'high',
    serviceAccount: { name: 'broker' },
    podLabels: { a: 'b' },
    podAnnotations: { c: 'd' },
    extraEnv: [{ name: 'TZ', value: 'Europe/Berlin' }],
    extraEnvFrom: [{ secretRef: { name: 'more' } }],
    extraVolumes: [{ name: 'logs', emptyDir: {} }],
    extraVolumeMounts: [{ name: 'logs', mountPath: '/opt/hivemq-ce-2024.1/log' }],
    initContainers: [{ name: 'wait', image: 'busybox' }],
    sidecars: [{ name: 'side', image: 'busybox' }],
    config: { extra: '<restrictions><max-connections>10</max-connections></restrictions>', waggle: '<!-- none -->' },
    service: {
      headless: { enabled: false },
      mqtt: { type: 'LoadBalancer', annotations: { x: 'y' }, loadBalancerSourceRanges: ['10.0.0.0/8'] },
      external: { externalTrafficPolicy: 'Local', loadBalancerClass: 'metallb' },
    },
  },
  'no volumes, no root forbidden, stopped': {
    replicas: 0,
    persistence: { enabled: false },
    podSecurityContext: null,
    securityContext: null,
    drain: { preStopSeconds: 0 },
  },
}

/** Objects that the values name and the chart does not make, cert-manager's Secret among them. */
const GIVEN = ['mine', 'tls', `${BROKER}-tls`]

const all = new Map<string, Rendered>()

beforeAll(async () => {
  for (const [source, values] of Object.entries(SOURCES)) {
    const renderings = Object.entries(SWITCHES).map(
      async ([name, others]) => [`${source}, ${name}`, await render(over(values, others))] as const,
    )
    for (const [name, rendered] of await Promise.all(renderings)) all.set(name, rendered)
  }
})

describe('every combination', () => {
  it('is what Kubernetes takes, from the oldest to the newest', async () => {
    expect(await validate([...all.values()])).toEqual([])
  })

  it('has all that it refers to', () => {
    expect(faults(danglingReferences)).toEqual([])
  })

  it('mounts each file that config.xml names', () => {
    expect(faults(missingFiles)).toEqual([])
  })

  it('has a config.xml that the broker reads without complaint, or with what UMH writes in vain', async () => {
    const home = await mkdtemp(join(tmpdir(), 'waggle-conf-'))
    for (const [name, { configXml }] of all) {
      await writeFile(join(home, 'config.xml'), configXml)
      const { config, complaints } = await readConfig({ config: home, home }, {})
      const objected = name.startsWith('none') ? complaints : complaints.filter(({ severity }) => severity === 'error')
      expect([name, config === null, objected.map((complaint) => formatComplaint(complaint))]).toEqual([
        name,
        false,
        [],
      ])
    }
    await rm(home, { recursive: true })
  })
})

function faults(faultsOf: (rendered: Rendered) => string[]): string[] {
  return [...all].flatMap(([name, rendered]) => faultsOf(rendered).map((fault) => `${name}: ${fault}`))
}

function danglingReferences({ objects, pod, container }: Rendered): string[] {
  const volumes = pod.volumes.map(({ name }) => name)
  const paths = container.volumeMounts.map(({ mountPath }) => mountPath)
  const ports = new Set(container.ports.map(({ name }) => name))
  const known = new Set([...objects.map(({ metadata }) => metadata.name), ...GIVEN])
  const services = objects.filter(({ kind }) => kind === 'Service')
  const referred = JSON.stringify(pod.volumes).matchAll(
    /"(?:configMap|secret|persistentVolumeClaim)":\{[^[{]*?"(?:name|secretName|claimName)":"([^"]+)"/g,
  )
  return [
    ...volumes.filter((name, index) => volumes.indexOf(name) !== index).map((name) => `two volumes ${name}`),
    ...paths.filter((path, index) => paths.indexOf(path) !== index).map((path) => `two mounts at ${path}`),
    ...container.volumeMounts.filter(({ name }) => !volumes.includes(name)).map(({ name }) => `no volume ${name}`),
    ...services
      .flatMap(({ spec }) => spec.ports)
      .filter(({ targetPort }) => !ports.has(targetPort))
      .map(({ targetPort }) => `no port ${targetPort}`),
    ...[...referred].filter(([, name]) => !known.has(name!)).map(([, name]) => `no object ${name}`),
  ]
}

function missingFiles({ objects, configXml, mounts }: Rendered): string[] {
  const files = [...configXml.matchAll(/\/stores\/([a-z.]+)/g)].map(([, file]) => file!)
  if (files.length > 0 !== mounts.has('/stores')) return [`/stores, and ${files.length} files`]
  const secret = objects.find(({ kind }) => kind === 'Secret')
  return secret === undefined ? [] : files.filter((file) => !(file in secret.data)).map((file) => `no ${file}`)
}

describe('the validator', () => {
  it('finds a field that does not exist, so that a misspelt one does not pass', async () => {
    const yaml = all.get('none, nothing')!.yaml.replace('automountServiceAccountToken', 'autoMountServiceAccountToken')
    const complaints = await validate([new Rendered(yaml)])
    expect(complaints.join('\n')).toContain('autoMountServiceAccountToken')
  })
})
