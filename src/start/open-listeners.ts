// SPDX-License-Identifier: Apache-2.0
import type { Broker } from '../broker/broker.ts'
import type { Logger } from '../broker/logger.ts'
import type { ListenerConfig } from '../config/listener-config.ts'
import { LISTENER_NAMES } from '../log/listener-name.ts'
import { FlushQueue } from '../net/flush-queue.ts'
import { ProxyProtocol } from '../net/proxy-protocol.ts'
import { type ListenerStages, TcpListener } from '../net/tcp-listener.ts'
import { TlsAcceptor } from '../net/tls-acceptor.ts'
import type { WebSocketAcceptor, WebSocketSettings } from '../net/websocket-acceptor.ts'
import type { ReloadingTlsContext } from '../tls/reloading-tls-context.ts'
import type { Surroundings } from './surroundings.ts'

/** Opens the listeners of the configuration, one after the other, and gives those that could be bound. */
export async function* openListeners(
  configs: readonly ListenerConfig[],
  tlsContexts: ReadonlyMap<string, ReloadingTlsContext>,
  broker: Broker,
  surroundings: Surroundings,
): AsyncGenerator<TcpListener> {
  const { logger } = surroundings
  const flushQueue = new FlushQueue()
  for (const config of configs) {
    const listener = new TcpListener(
      config,
      flushQueue,
      (link) => broker.accept(link),
      (error) => logger.error(`${config.name} could not accept a connection: ${error.message}`),
      await newStages(config, tlsContexts.get(config.name), broker, surroundings),
    )
    if (await opens(listener, logger)) yield listener
  }
}

/** Whether the listener could be bound. One that could not does not keep the others from starting, as in HiveMQ. */
async function opens(listener: TcpListener, logger: Logger): Promise<boolean> {
  const { bindAddress, port } = listener.settings
  const names = LISTENER_NAMES[listener.kind]
  logger.info(`Starting ${names.starting} listener on address ${bindAddress} and port ${port}`)
  try {
    await listener.open()
    logger.info(`Started ${names.started} on address ${bindAddress} and on port ${listener.port}.`)
    return true
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const question = code === 'EADDRINUSE' ? ' Is it already in use?' : ''
    logger.error(`Could not start ${names.started} on port ${port} and address ${bindAddress}.${question} (${message})`)
    return false
  }
}

/** What stands before MQTT on a listener. */
async function newStages(
  listener: ListenerConfig,
  context: ReloadingTlsContext | undefined,
  { wheel }: Broker,
  { logger, metrics, eventLog }: Surroundings,
): Promise<ListenerStages> {
  const { proxyProtocol, websocket } = listener
  /** Port probes and scanners come this way, too. */
  const logRefusal = (address: string, reason: string): void => {
    logger.debug(`Connection from ${address} was refused: ${reason}`)
  }
  context?.follow(wheel)
  return {
    proxyProtocol:
      proxyProtocol &&
      new ProxyProtocol(proxyProtocol, wheel, (address, reason) => {
        metrics.refusedProxyHeaders++
        logRefusal(address, reason)
      }),
    tls:
      context === undefined
        ? null
        : new TlsAcceptor(context, wheel, (address, reason, failure) => {
            metrics.failedTlsHandshakes++
            logRefusal(address, reason)
            if (failure !== 'gone') eventLog?.tlsHandshakeFailed(address, listener, reason, failure === 'timeout')
          }),
    webSocket:
      websocket &&
      (await newWebSocketAcceptor(websocket, (address, reason) => {
        metrics.refusedWebSocketRequests++
        logRefusal(address, reason)
      })),
  }
}

/** Only a listener that needs it loads it, and `ws` with it: every start would take longer otherwise. */
async function newWebSocketAcceptor(
  settings: WebSocketSettings,
  onRefused: (address: string, reason: string) => void,
): Promise<WebSocketAcceptor> {
  const module = await import('../net/websocket-acceptor.ts')
  return new module.WebSocketAcceptor(settings, onRefused)
}
