// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseAllDocuments, stringify } from 'yaml'
import type { Container, KubernetesObject, PodSpec, Volume } from './kubernetes-object.ts'
import { tool } from './tools.ts'

const run = promisify(execFile)

export const CHART: string = join(import.meta.dirname, '../../../deploy/helm/waggle')
/** Namespace and release of UMH. */
export const RELEASE = 'united-manufacturing-hub'
/** A Helm that `go install` has built believes to talk to an old cluster. */
export const KUBERNETES_VERSIONS = ['1.25', '1.37'] as const

/** In which `y` is a boolean. */
const YAML_OF_HELM = { version: '1.1' } as const

export type Values = Readonly<Record<string, unknown>>

/** What `helm install` would create, by kind and name. */
export class Rendered {
  readonly objects: readonly KubernetesObject[]
  readonly yaml: string

  constructor(yaml: string) {
    this.yaml = yaml
    this.objects = parseAllDocuments(yaml, YAML_OF_HELM).flatMap(
      (document) => (document.toJS() as KubernetesObject | null) ?? [],
    )
  }

  get ids(): string[] {
    return this.objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).toSorted()
  }

  object(kind: string, name: string): KubernetesObject {
    const found = this.objects.find((object) => object.kind === kind && object.metadata.name === name)
    if (found === undefined) throw new Error(`no ${kind} ${name} among:\n${this.ids.join('\n')}`)
    return found
  }

  get statefulSet(): KubernetesObject {
    return this.objects.find(({ kind }) => kind === 'StatefulSet')!
  }

  get pod(): PodSpec {
    return this.statefulSet.spec.template.spec
  }

  get container(): Container {
    return this.pod.containers[0]!
  }

  /** By mount path. */
  get mounts(): ReadonlyMap<string, Volume> {
    const volumes = new Map(this.pod.volumes.map((volume) => [volume.name, volume]))
    return new Map(this.container.volumeMounts.map(({ mountPath, name }) => [mountPath, volumes.get(name)!]))
  }

  volume(name: string): Volume {
    return this.pod.volumes.find((volume) => volume.name === name)!
  }

  get configXml(): string {
    return this.object('ConfigMap', this.volume('hivemqce-mqtt-config').configMap!.name).data['config.xml']!
  }
}

export async function render(values: Values = {}, release: string = RELEASE): Promise<Rendered> {
  return new Rendered(await helm(values, (file) => ['template', release, CHART, '-n', release, '-f', file, ...VERSION]))
}

const VERSION = ['--kube-version', '1.37.0']

/** What Helm says against the values. */
export async function refusal(values: Values): Promise<string> {
  try {
    await render(values)
  } catch (error) {
    return (error as { stderr?: string }).stderr ?? String(error)
  }
  throw new Error('Helm has taken the values')
}

export async function lint(values: Values): Promise<string> {
  return helm(values, (file) => ['lint', '--strict', CHART, '-f', file, ...VERSION])
}

async function helm(values: Values, commandLine: (valuesFile: string) => string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'waggle-values-'))
  try {
    const file = join(folder, 'values.yaml')
    await writeFile(file, stringify(values, YAML_OF_HELM))
    const { stdout } = await run(tool('helm'), commandLine(file), { maxBuffer: 1 << 24 })
    return stdout
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** What the schemas of the oldest and the newest Kubernetes have against the objects, unknown fields included. */
export async function validate(all: readonly Rendered[]): Promise<string[]> {
  // Most objects are the same in most renderings.
  const objects = new Set(all.flatMap((rendered) => rendered.objects).map((object) => JSON.stringify(object)))
  const folder = await mkdtemp(join(tmpdir(), 'waggle-objects-'))
  try {
    const file = join(folder, 'objects.yaml')
    await writeFile(file, [...objects].join('\n---\n'))
    const complaints = await Promise.all(
      KUBERNETES_VERSIONS.map((version) => validateFile(file, version, objects.size)),
    )
    return complaints.flat()
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function validateFile(file: string, version: string, count: number): Promise<string[]> {
  const command = ['--strict', '-k', version, file]
  const { stdout, stderr } = await run(tool('kubernetes-validate'), command, { maxBuffer: 1 << 26 }).catch(
    (error: unknown) => error as { stdout: string; stderr: string },
  )
  const lines = `${stdout}${stderr}`.split('\n').filter((line) => line !== '')
  const passed = lines.filter((line) => line.startsWith('INFO') && line.includes(' passed '))
  const custom = lines.filter((line) => isCustomResource(line))
  const complaints = lines.filter((line) => !passed.includes(line) && !custom.includes(line))
  // It stops at the first document that it cannot read.
  if (passed.length + custom.length !== count)
    complaints.push(`${version}: ${passed.length} of ${count} objects passed`)
  return complaints
}

/** Their schemas come with their operators; the tests compare these objects field by field. */
const CUSTOM: ReadonlySet<string> = new Set(['ServiceMonitor', 'Certificate'])

function isCustomResource(line: string): boolean {
  return [...CUSTOM].some((kind) => line.startsWith('WARN') && line.includes(`Couldn't find schema for kind ${kind} `))
}
