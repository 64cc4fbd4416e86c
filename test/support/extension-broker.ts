// SPDX-License-Identifier: Apache-2.0
import { setImmediate as endOfTurn } from 'node:timers/promises'
import type { Logger } from '../../src/broker/logger.ts'
import type { BrokerSettings } from '../../src/broker/settings.ts'
import type { Extension, Problem } from '../../src/extension-sdk/extension.ts'
import { Admin } from '../../src/extensions/admin.ts'
import { ExtensionHost } from '../../src/extensions/extension-host.ts'
import { MetricRegistry } from '../../src/metrics/metric-registry.ts'
import { ExtensionCalls } from '../../src/extensions/extension-calls.ts'
import { ExtensionMetrics } from '../../src/extensions/extension-metrics.ts'
import { type Description, ExtensionFolders, writeExtension } from './extension-folders.ts'
import { FakeClock } from './fake-clock.ts'
import { MemoryBroker, type MemoryBrokerOptions } from './memory-broker.ts'

export interface TestExtension extends Description {
  readonly extension: Extension
  /** Files in its folder, by name. */
  readonly files?: Readonly<Record<string, string>>
}

export interface ExtensionBrokerOptions extends Pick<MemoryBrokerOptions, 'memoryProbe' | 'store'> {
  /** With a clock of its own, say. */
  readonly calls?: ExtensionCalls
}

/** Notes what is logged; faults of our own would be errors. */
export class LogNotes implements Logger {
  readonly lines: string[] = []

  debug(): void {}

  info(text: string): void {
    this.lines.push(`INFO ${text}`)
  }

  warn(text: string): void {
    this.lines.push(`WARN ${text}`)
  }

  error(text: string, error?: unknown): void {
    this.lines.push(`ERROR ${text}${error instanceof Error ? `: ${error.message}` : ''}`)
  }

  /** Waits until so many lines match. */
  async waitFor(pattern: RegExp, count = 1): Promise<void> {
    while (this.lines.filter((line) => pattern.test(line)).length < count) await endOfTurn()
  }

  get warnings(): string[] {
    return this.lines.filter((line) => !line.startsWith('INFO'))
  }
}

interface ExtensionBrokerParts {
  readonly broker: MemoryBroker
  readonly host: ExtensionHost
  readonly log: LogNotes
  readonly folders: ExtensionFolders
  readonly admin: Admin
  readonly registry: MetricRegistry
  readonly calls: ExtensionCalls
  readonly problems: Problem[]
}

/** A broker in memory with extensions whose code stands in the test; their folders are real. */
export class ExtensionBroker implements AsyncDisposable {
  readonly broker: MemoryBroker
  readonly host: ExtensionHost
  readonly log: LogNotes
  readonly folders: ExtensionFolders
  readonly admin: Admin
  readonly registry: MetricRegistry
  readonly calls: ExtensionCalls
  /** What extensions hear of as problems of the broker. */
  readonly problems: Problem[]

  private constructor(parts: ExtensionBrokerParts) {
    this.broker = parts.broker
    this.host = parts.host
    this.log = parts.log
    this.folders = parts.folders
    this.admin = parts.admin
    this.registry = parts.registry
    this.calls = parts.calls
    this.problems = parts.problems
  }

  static async start(
    extensions: Readonly<Record<string, TestExtension | Extension>>,
    settings: Partial<BrokerSettings> = {},
    { calls: givenCalls, ...options }: ExtensionBrokerOptions = {},
  ): Promise<ExtensionBroker> {
    const folders = new ExtensionFolders()
    const log = new LogNotes()
    const clock = new FakeClock()
    const bundled: Record<string, () => Promise<{ default: Extension }>> = {}
    for (const [id, given] of Object.entries(extensions)) {
      const { extension, files, ...description } = 'extension' in given ? given : { extension: given, files: {} }
      writeExtension(folders.folder, id, files, description)
      bundled[id] = () => Promise.resolve({ default: extension })
    }
    const { folder } = folders
    const problems: Problem[] = []
    const registry = new MetricRegistry(clock)
    const calls = givenCalls ?? new ExtensionCalls(clock)
    const admin = new Admin({
      version: '0.0.0',
      folders: { home: folder, data: folder, log: folder, extensions: folder },
      listeners: () => [],
      problems: () => problems,
    })
    const host = new ExtensionHost({
      folder,
      bundled,
      allowAllClients: undefined,
      clock,
      logger: log,
      admin,
      metrics: new ExtensionMetrics(registry),
      calls,
    })
    const broker = await MemoryBroker.start({ settings, clock, extensions: host, ...options })
    await host.start()
    return new ExtensionBroker({ broker, host, log, folders, admin, registry, calls, problems })
  }

  /** Lets promises of extensions come through. */
  async settle(): Promise<void> {
    await endOfTurn()
    this.broker.settle()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host.stop()
    this.broker.broker.wheel.clear()
    this.folders[Symbol.dispose]()
  }
}
