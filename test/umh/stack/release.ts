// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { BROKER, configXml } from '../../deploy/umh-objects.ts'
import { fixture } from '../../support/tls/fixtures.ts'
import { Container, type Mount } from '../kubernetes/container.ts'
import type { Limits } from '../kubernetes/control-group.ts'
import { type Keys, MountedKeys } from '../kubernetes/mounted-keys.ts'
import { BrokerPod } from './broker-pod.ts'
import { type ChartVersion, homeOf } from './chart-version.ts'
import { umhFile } from './delivered-files.ts'
import { writeInitImage } from './java-extensions.ts'

/** Of an installed release what outlives its pods. It lies beside the image. */
export class Release implements Disposable {
  readonly folder: string
  /** The two claims. */
  readonly data: string
  readonly extensions: string
  readonly config: MountedKeys
  readonly extensionConfig: MountedKeys
  readonly keystores: MountedKeys
  readonly chart: ChartVersion
  readonly root: string
  isRbacEnabled = false
  #pods = 0

  constructor(root: string, chart: ChartVersion, config: string = configXml('REQUIRED')) {
    this.root = root
    this.chart = chart
    this.folder = mkdtempSync(join(dirname(root), 'release-'))
    this.data = join(this.folder, 'claim-data')
    this.extensions = join(this.folder, 'claim-extensions')
    mkdirSync(this.data)
    mkdirSync(this.extensions)
    writeInitImage(join(this.folder, 'init-image'))
    this.config = new MountedKeys(join(this.folder, 'config'), { 'config.xml': config })
    this.extensionConfig = new MountedKeys(join(this.folder, 'extension-config'), DELIVERED)
    this.keystores = new MountedKeys(join(this.folder, 'keystores'), STORES)
  }

  /** One pod after the other: init container, container, hook. */
  async startPod(options: PodOptions = {}): Promise<BrokerPod> {
    if (options.withoutInitContainer !== true) this.runInitContainer()
    options.beforeStart?.()
    const container = await Container.start({
      root: this.root,
      folder: join(this.folder, `pod-${++this.#pods}`),
      hostname: `${BROKER}-0`,
      env: {
        HIVEMQ_ALLOW_ALL_CLIENTS: this.isRbacEnabled ? 'false' : 'true',
        ...(this.chart.javaOptions !== null && { JAVA_OPTS: this.chart.javaOptions }),
        ...options.env,
      },
      mounts: options.mounts?.(this.#mounts) ?? this.#mounts,
      limits: options.limits ?? this.chart.limits,
      ...(options.runAs !== undefined && { runAs: options.runAs, hasReadOnlyRoot: true }),
    })
    const hook = options.withoutHook === true ? null : container.exec(this.#hook)
    return new BrokerPod(container, hook)
  }

  writeExtensionFile(path: string, content: string): void {
    const file = join(this.extensions, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  get #mounts(): readonly Mount[] {
    const home = homeOf(this.chart)
    return [
      { source: this.config.folder, path: `${home}/conf`, isReadOnly: true },
      { source: this.data, path: `${home}/data`, isReadOnly: false },
      { source: this.extensions, path: `${home}/extensions`, isReadOnly: false },
      { source: this.extensionConfig.folder, path: '/configs', isReadOnly: true },
      { source: this.keystores.folder, path: '/stores', isReadOnly: true },
    ]
  }

  runInitContainer(): void {
    execFileSync('busybox', ['sh', join(import.meta.dirname, 'init-container.sh')], {
      env: {
        PATH: process.env['PATH'],
        SOURCE: join(this.folder, 'init-image'),
        TARGET: this.extensions,
        RBAC_ENABLED: String(this.isRbacEnabled),
      },
    })
  }

  /** The postStart command of the StatefulSet. */
  get #hook(): string {
    const extensions = `${homeOf(this.chart)}/extensions`
    const copies = [
      `cp /configs/heartbeat.xml ${extensions}/hivemq-heartbeat-extension/extension-config.xml`,
      `cp /configs/prometheus.properties ${extensions}/hivemq-prometheus-extension/prometheusConfiguration.properties`,
    ]
    const credentials = `cp /configs/credentials.xml ${extensions}/hivemq-file-rbac-extension/credentials.xml`
    return (this.isRbacEnabled && this.chart.hasRbacSwitch ? [credentials, ...copies] : copies).join(' && ')
  }
}

export interface PodOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly mounts?: (mounts: readonly Mount[]) => readonly Mount[]
  readonly limits?: Limits
  readonly runAs?: string
  readonly withoutInitContainer?: boolean
  /** Between the init container and the broker's. */
  readonly beforeStart?: () => void
  readonly withoutHook?: boolean
}

const DELIVERED: Keys = {
  'credentials.xml': umhFile('credentials.xml'),
  'heartbeat.xml': umhFile('heartbeat.xml'),
  'prometheus.properties': umhFile('prometheus.properties'),
}

const STORES: Keys = { 'keystore.jks': fixture('server-pbes2.jks'), 'truststore.jks': fixture('trust-pbes2.jks') }
