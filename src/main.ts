// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import packageJson from '../package.json' with { type: 'json' }
import { Broker } from './broker/broker.ts'
import { registerHivemqMetrics } from './broker/hivemq-metrics.ts'
import { registerWaggleMetrics } from './broker/waggle-metrics.ts'
import type { MemoryProbe } from './broker/memory-guard.ts'
import type { BrokerSettings } from './broker/settings.ts'
import { bundledExtensions } from './bundled-extensions.ts'
import { runCommand } from './cli/run-command.ts'
import { isLogFolderNamed, resolveFolders } from './config/folders.ts'
import { hivemqDataIn } from './config/hivemq-data.ts'
import { installationId, keepInstallationId } from './config/installation-id.ts'
import { readJavaOptions } from './config/java-options.ts'
import { logConfig } from './config/log-config.ts'
import type { Config } from './config/parse-config.ts'
import { readConfig } from './config/read-config.ts'
import type { Problem } from './extension-sdk/extension.ts'
import { Admin } from './extensions/admin.ts'
import { ExtensionCalls } from './extensions/extension-calls.ts'
import { ExtensionHost } from './extensions/extension-host.ts'
import { ExtensionMetrics } from './extensions/extension-metrics.ts'
import { EventLog } from './log/event-log.ts'
import { LogLevel, parseLogLevel } from './log/log-level.ts'
import type { LogFormat } from './log/log-line.ts'
import { type LineTarget, MainLog } from './log/main-log.ts'
import { openConsole } from './log/open-console.ts'
import { MAIN_LOG_FILE, openLogFiles } from './log/open-log-files.ts'
import { MetricRegistry } from './metrics/metric-registry.ts'
import { Metrics } from './metrics/metrics.ts'
import type { TcpListener } from './net/tcp-listener.ts'
import { openListeners } from './start/open-listeners.ts'
import { openStore } from './start/open-store.ts'
import { stopOnSignal } from './start/stop-on-signal.ts'
import type { Surroundings } from './start/surroundings.ts'
import type { Store } from './store/store.ts'
import { openTlsContexts } from './tls/open-tls-contexts.ts'
import type { ReloadingTlsContext } from './tls/reloading-tls-context.ts'
import { EventLoopWatchdog } from './system/event-loop-watchdog.ts'
import { watchEventLoop } from './system/event-loop-lag.ts'
import { SystemMetrics } from './system/system-metrics.ts'
import { readMemoryLimit } from './system/memory-limit.ts'
import { MemoryUsage } from './system/memory-usage.ts'
import { systemClock } from './util/clock.ts'

/** From sources, or from the bundle, in which it is a file of its own. */
const WATCHDOG_WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './watchdog-worker.ts' : './watchdog-worker.cjs',
  import.meta.url,
)

const defaultHome = fileURLToPath(new URL('../home', import.meta.url))
const exitCode = await runCommand(process.argv.slice(2), {
  environment: process.env,
  defaultHome,
  workingFolder: process.cwd(),
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
})
if (exitCode !== null) {
  // A pipe takes what is long piece by piece.
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()))
  process.exit(exitCode)
}

const wallTime = (): number => systemClock.wallTime()
const { HIVEMQ_LOG_LEVEL: levelName = '', JAVA_OPTS: javaOptions } = process.env
const level = parseLogLevel(levelName)
const logger = new MainLog(level ?? LogLevel.INFO, wallTime)
const metrics = new Metrics()
let eventLog: EventLog | null = null
let eventTarget: LineTarget | null = null
let mainLogFile: string | null = null
let extensionHost: ExtensionHost | null = null

// Rejections that nobody handles come this way too.
process.on('uncaughtException', (error) => {
  if (extensionHost?.takesFault(error) === true) return
  logger.error('A fault that nothing has caught: the broker stops', error)
  process.exit(1)
})
// Also where it ends at once, what was said is written.
process.on('exit', () => {
  openLog('text')
  logger.flushSync()
  eventTarget?.flushSync()
})

const folders = resolveFolders(process.env, defaultHome)
openFiles()
// HiveMQ's lines where it has some, letter by letter: scripts and people look for them.
logger.info(`Starting Waggle ${packageJson.version} in place of HiveMQ Community Edition`)
logger.info(`HiveMQ home directory: ${folders.home}`)
logger.info(`HiveMQ version: ${packageJson.version} (Waggle)`)
const id = await installationId(folders.data)
logger.info(`This HiveMQ ID is ${id}`)
const reading = await readConfig(folders, process.env)
openLog(reading.config?.logging.format ?? 'text')
logEnvironment()
logConfig(reading, logger)
await run(reading.config ?? (await exit(1)))

/** Ends the process when all that was said is written, in its order. */
async function exit(code: number): Promise<never> {
  openLog('text')
  await Promise.all([logger.written(), eventTarget?.written()])
  process.exit(code)
}

/** What it said so far is written, and from here on everything at once. */
function openLog(format: LogFormat): void {
  if (!logger.isOpen) logger.open(openConsole(format, { logger, metrics, wallTime }), format)
}

function openFiles(): void {
  const isAskedFor = isLogFolderNamed(process.env)
  const files = openLogFiles({ folder: folders.log, isAskedFor, logger, metrics, wallTime })
  if (files === null) return
  logger.copyTo(files.main)
  mainLogFile = join(folders.log, MAIN_LOG_FILE)
  eventTarget = files.events
  eventLog = new EventLog(eventTarget, wallTime)
}

function logEnvironment(): void {
  if (level === null && levelName !== '') {
    logger.warn('HIVEMQ_LOG_LEVEL is none of TRACE, DEBUG, INFO, WARN, ERROR and OFF: INFO is used')
  }
  const { heapSizes } = readJavaOptions(javaOptions)
  if (heapSizes.length > 0) logger.info(`JAVA_OPTS: ${heapSizes.join(' ')} has no effect, there is no Java heap`)
}

async function run({
  settings,
  listeners: listenerConfigs,
  persistence,
  logging,
  watchdog: watchdogSettings,
}: Config): Promise<void> {
  const surroundings: Surroundings = { folders, logger, metrics, eventLog, exit }
  const tlsContexts = await openTls(listenerConfigs)
  await logHivemqData()
  const store = await openStore(persistence, surroundings)
  await keepInstallationId(folders.data, id)
  const listeners: TcpListener[] = []
  const admin = new Admin({
    version: packageJson.version,
    folders,
    listeners: () => listeners.map(({ info }) => info),
    problems: () => problemsOf(listenerConfigs, listeners, store),
  })
  const registry = new MetricRegistry(systemClock)
  const watchdog = new EventLoopWatchdog({
    script: WATCHDOG_WORKER,
    ...watchdogSettings,
    format: logging.format,
    logFile: mainLogFile,
    onFailed: (error) => logger.error('The thread that watches the event loop has failed', error),
  })
  const extensions = newExtensionHost(admin, registry, watchdog)
  extensionHost = extensions
  const memoryProbe = probeMemory(settings)
  const broker = new Broker({
    settings,
    store,
    clock: systemClock,
    logger,
    metrics,
    extensions,
    ...(memoryProbe && { memoryProbe }),
  })
  registerHivemqMetrics(registry, broker, persistence.mode === 'in-memory')
  registerWaggleMetrics(registry, broker)
  new SystemMetrics(systemClock).register(registry)
  watchEventLoop(systemClock, registry, watchdog.board)
  if (eventLog !== null) broker.events.add(eventLog)
  await broker.start()
  await startExtensions(extensions)
  for await (const listener of openListeners(listenerConfigs, tlsContexts, broker, surroundings))
    listeners.push(listener)
  if (listeners.length === 0) {
    logger.error('Could not bind any listener. Stopping HiveMQ.')
    await exit(1)
  }
  const names = listeners.map(({ settings: { name, bindAddress }, port }) => `${name} (${bindAddress}:${port})`)
  // Counted from the start of the process, so it includes loading the code.
  const ms = Math.round(performance.now())
  logger.info(`Started Waggle in ${ms}ms, ready on ${names.join(', ')}`)
  logger.info(`Started HiveMQ in ${ms}ms`)
  admin.stage = 'started'
  extensions.follow()
  stopOnSignal(broker, listeners, extensions, admin, surroundings)
}

/** What tells how much of the memory budget is in use, or null where nobody wants to know. */
function probeMemory({ memoryLimit, memoryShedding }: BrokerSettings): MemoryProbe | null {
  if (memoryShedding === 'off') return null
  const { bytes, source } = memoryLimit > 0 ? { bytes: memoryLimit, source: 'waggle/memory/limit' } : readMemoryLimit()
  logger.info(`Memory limit: ${Math.round(bytes / 1024 ** 2)} MiB (${source})`)
  const usage = new MemoryUsage(bytes)
  return () => usage.share()
}

/** Nothing is more alarming than sessions that are gone without a word. */
async function logHivemqData(): Promise<void> {
  const names = await hivemqDataIn(folders.data)
  if (names.length === 0) return
  logger.info(
    `The data folder ${folders.data} has data of HiveMQ (${names.join(', ')}), which is neither read nor changed: ` +
      `sessions and retained messages in it are not taken over. Waggle keeps its own in ${join(folders.data, 'waggle')}.`,
  )
}

function newExtensionHost(admin: Admin, registry: MetricRegistry, watchdog: EventLoopWatchdog): ExtensionHost {
  const calls = new ExtensionCalls(systemClock, watchdog)
  for (const metric of calls.metrics) registry.labelled(metric)
  return new ExtensionHost({
    folder: folders.extensions,
    bundled: bundledExtensions,
    allowAllClients: process.env['HIVEMQ_ALLOW_ALL_CLIENTS'],
    clock: systemClock,
    logger,
    admin,
    metrics: new ExtensionMetrics(registry),
    calls,
  })
}

/** As in HiveMQ: without its extensions the broker does not start, for they say who may connect. */
async function startExtensions(extensions: ExtensionHost): Promise<void> {
  try {
    await extensions.start()
  } catch (error) {
    logger.error(`The extensions folder ${folders.extensions} cannot be read (${String(error)}). Stopping Waggle.`)
    await exit(1)
  }
}

/** What heartbeats have to know: the process runs, but not all of it works. */
function problemsOf(configs: Config['listeners'], listeners: readonly TcpListener[], store: Store): Problem[] {
  const bound = new Set(listeners.map(({ settings: { name } }) => name))
  const problems = configs
    .filter(({ name }) => !bound.has(name))
    .map(({ name }): Problem => ({ kind: 'listener', text: `The listener ${name} is not bound` }))
  return store.isFull ? [...problems, { kind: 'store', text: 'The store cannot be written' }] : problems
}

/** What listeners with TLS need of their files. Without any of it the process ends: a port that nobody can use helps nobody. */
async function openTls(configs: Config['listeners']): Promise<ReadonlyMap<string, ReloadingTlsContext>> {
  const { contexts, faults } = await openTlsContexts(configs, { clock: systemClock, logger, metrics })
  for (const fault of faults) logger.error(fault)
  if (faults.length > 0) await exit(1)
  return contexts
}
