// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { familyOf } from '../../extensions/hivemq-prometheus-extension/families.ts'
import { readProcessMetrics } from '../../extensions/hivemq-prometheus-extension/process-metrics.ts'
import { bundledExtensions } from '../../src/bundled-extensions.ts'
import { DropReason, HIVEMQ_DROP_REASONS } from '../../src/metrics/drop-reason.ts'
import { ExtensionBroker } from '../support/extension-broker.ts'
import { freePort } from '../support/free-port.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { registerMetrics } from '../support/registered-metrics.ts'

// Everything that HiveMQ Community Edition 2024.1 and 2026.5 register, literally.
const COMMUNITY = {
  'com.hivemq.messages.incoming.total.count': 'counter',
  'com.hivemq.messages.outgoing.total.count': 'counter',
  'com.hivemq.messages.incoming.connect.count': 'counter',
  'com.hivemq.messages.incoming.publish.count': 'counter',
  'com.hivemq.messages.outgoing.publish.count': 'counter',
  'com.hivemq.messages.dropped.count': 'counter',
  'com.hivemq.messages.retained.current': 'gauge',
  'com.hivemq.networking.bytes.read.total': 'gauge',
  'com.hivemq.networking.bytes.write.total': 'gauge',
  'com.hivemq.networking.connections.current': 'gauge',
  'com.hivemq.networking.connections-closed.total.count': 'counter',
  'com.hivemq.subscriptions.overall.current': 'counter',
  'com.hivemq.sessions.overall.current': 'gauge',
  'com.hivemq.mqtt.connection.not-writable.current': 'counter',
  'com.hivemq.messages.will.count.current': 'counter',
  'com.hivemq.messages.will.published.count.total': 'counter',
}
const IN_MEMORY = {
  'com.hivemq.persistence.retained-messages.in-memory.total-size': 'gauge',
  'com.hivemq.persistence.client-session.subscriptions.in-memory.total-size': 'gauge',
  'com.hivemq.persistence.client-sessions.in-memory.total-size': 'gauge',
  'com.hivemq.persistence.queued-messages.in-memory.total-size': 'gauge',
}

// What the dashboards of HiveMQ, of its blog and of its Helm chart ask for beside those, as Prometheus names. Panels of
// extensions that write to other systems are left out.
const DASHBOARDS = [
  'com_hivemq_cluster_nodes_count',
  'com_hivemq_jvm_memory_heap_max',
  'com_hivemq_jvm_memory_heap_init',
  'com_hivemq_jvm_memory_heap_used',
  'com_hivemq_jvm_garbage_collector_G1_Old_Generation_count',
  'com_hivemq_jvm_garbage_collector_G1_Old_Generation_time',
  'com_hivemq_jvm_garbage_collector_G1_Young_Generation_count',
  'com_hivemq_jvm_garbage_collector_G1_Young_Generation_time',
  'com_hivemq_messages_dropped_internal_error_count',
  'com_hivemq_messages_dropped_message_too_large_count',
  'com_hivemq_messages_dropped_not_writable_count',
  'com_hivemq_messages_dropped_qos_0_memory_exceeded_count',
  'com_hivemq_messages_dropped_queue_full_count',
  'com_hivemq_messages_incoming_puback_count',
  'com_hivemq_messages_incoming_pubrec_count',
  'com_hivemq_messages_incoming_pubrel_count',
  'com_hivemq_messages_incoming_pubcomp_count',
  'com_hivemq_messages_incoming_subscribe_count',
  'com_hivemq_messages_incoming_unsubscribe_count',
  'com_hivemq_messages_incoming_pingreq_count',
  'com_hivemq_messages_outgoing_puback_count',
  'com_hivemq_messages_outgoing_pubrec_count',
  'com_hivemq_messages_outgoing_pubrel_count',
  'com_hivemq_messages_outgoing_pubcomp_count',
  'com_hivemq_messages_outgoing_connack_count',
  'com_hivemq_messages_outgoing_suback_count',
  'com_hivemq_messages_outgoing_unsuback_count',
  'com_hivemq_messages_outgoing_pingresp_count',
  'com_hivemq_messages_queued_count',
  'com_hivemq_overload_protection_clients_backpressure_active',
  'com_hivemq_overload_protection_level',
  'com_hivemq_system_os_global_cpu_total_total',
  'com_hivemq_system_os_global_memory_available',
  'com_hivemq_system_os_global_memory_total',
  'com_hivemq_system_os_network_interface_lo_bytes_received',
  'com_hivemq_system_os_network_interface_lo_bytes_sent',
  'com_hivemq_system_os_process_memory_resident_set_size',
]

const DASHBOARD = join(import.meta.dirname, '../../deploy/helm/waggle/files/grafana-dashboard.json')

async function kindsOf(isInMemory: boolean): Promise<Record<string, string>> {
  const broker = await MemoryBroker.start()
  const registry = registerMetrics(broker, isInMemory)
  // The load of the CPU is known after a second.
  broker.advance(1_000)
  return Object.fromEntries(registry.readAll().map(({ name, kind }) => [name, kind]))
}

describe('metrics by name', () => {
  it('has all of HiveMQ CE from the first look on, in both modes, each of its kind', async () => {
    expect(await kindsOf(false)).toMatchObject(COMMUNITY)
    expect(await kindsOf(true)).toMatchObject({ ...COMMUNITY, ...IN_MEMORY })
  })

  it('has those of the in-memory mode in no other, as HiveMQ', async () => {
    const names = Object.keys(await kindsOf(false))
    expect(names.filter((name) => name.includes('in-memory'))).toEqual([])
  })

  it('has what public dashboards ask for', async () => {
    const names = Object.keys(await kindsOf(false)).map((name) => name.replaceAll(/[^a-zA-Z0-9_:]/g, '_'))
    expect(names).toEqual(expect.arrayContaining(DASHBOARDS))
  })
})

describe('our own dashboard', () => {
  it('asks for nothing that is not there', async () => {
    const registry = registerMetrics(await MemoryBroker.start())
    const families = [
      ...registry.readAll().map(familyOf),
      ...[...registry.labelledMetrics, ...readProcessMetrics()].map(({ name, kind }) => ({ name, type: kind })),
    ]
    const present = new Set(families.flatMap(({ name, type }) => (type === 'histogram' ? [`${name}_bucket`] : [name])))
    const dashboard = readFileSync(DASHBOARD, 'utf8')
    const asked = new Set(dashboard.match(/\b(?:com_hivemq|waggle|process|nodejs)_\w+/g))
    expect(asked.size).toBeGreaterThan(20)
    expect([...asked].filter((name) => !present.has(name))).toEqual([])
  })
})

const DOCUMENT = join(import.meta.dirname, '../../docs/metrics.md')

/** Name and kind of each row behind `marker`. */
function documented(marker: string): string[] {
  const section = readFileSync(DOCUMENT, 'utf8').split(`<!-- ${marker} -->`)[1]!
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
    .map(([, name, kind]) => `${name} ${kind}`)
    .toSorted()
}

describe('docs/metrics.md', () => {
  it('lists every metric with a name of HiveMQ, and no other', async () => {
    const kinds = Object.entries(await kindsOf(true))
    // One for each device stands as one row.
    const rows = kinds.map(([name, kind]) => {
      const general = name
        .replace(/interface\..+\.bytes/, 'interface.<name>.bytes')
        .replace(/disks\.\/dev\/.+\.(read|write)/, 'disks./dev/<name>.$1')
      return `${general} ${kind}`
    })
    const present = documented('dropwizard')
    // A machine need not have a disk.
    const disks = present.filter((row) => row.includes('os.disks.'))
    expect(present).toEqual([...new Set([...rows, ...disks])].toSorted())
    expect(disks).toHaveLength(2)
  })

  it('lists every metric of our own, and no other', async () => {
    const registry = registerMetrics(await MemoryBroker.start())
    const rows = [...registry.labelledMetrics].map(({ name, kind }) => `${name} ${kind}`)
    expect(documented('waggle')).toEqual(rows.toSorted())
  })

  it('lists every metric of the extensions that come with the broker, and no other', async () => {
    const files = {
      'extension-config.xml': `<heartbeat-extension-configuration><port>${await freePort()}</port></heartbeat-extension-configuration>`,
      'prometheusConfiguration.properties': `ip=127.0.0.1\nport=${await freePort()}\nmetric_path=/metrics`,
    }
    const extensions = await Promise.all(
      Object.entries(bundledExtensions).map(async ([id, load]) => {
        return [id, { extension: (await load()).default, files }] as const
      }),
    )
    await using broker = await ExtensionBroker.start(Object.fromEntries(extensions))
    const rows = broker.registry.readAll().map(({ name, kind }) => `${name} ${kind}`)
    expect(documented('extensions')).toEqual(rows.toSorted())
  })

  it('lists every metric of the process, and no other', () => {
    expect(documented('process')).toEqual(
      readProcessMetrics()
        .map(({ name, kind }) => `${name} ${kind}`)
        .toSorted(),
    )
  })

  it('lists every reason for which a delivery is given up, and whether HiveMQ counts it', () => {
    const counted = new Set(HIVEMQ_DROP_REASONS)
    const rows = Object.entries(DropReason).map(([name, reason]) => `${name} ${counted.has(reason) ? 'yes' : 'no'}`)
    const section = readFileSync(DOCUMENT, 'utf8').split('<!-- reasons -->')[1]!
    const present = [...section.matchAll(/^\| `(\w+)` .*\| (yes|no)/gm)].map(([, name, answer]) => `${name} ${answer}`)
    expect(present).toEqual(rows)
  })
})
