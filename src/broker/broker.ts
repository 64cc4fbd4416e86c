// SPDX-License-Identifier: Apache-2.0
import type { CodecLimits } from '../codec/limits.ts'
import { DEFAULT_LIMITS } from '../codec/limits.ts'
import { NO_EXPIRY, PublishView } from '../codec/publish.ts'
import { DropReason } from '../metrics/drop-reason.ts'
import { Metrics } from '../metrics/metrics.ts'
import { dispatch } from '../session/dispatch.ts'
import { Ledger } from '../session/ledger.ts'
import type { Message } from '../session/message.ts'
import type { MessageQueue } from '../session/message-queue.ts'
import { Publication } from '../session/publication.ts'
import type { Session } from '../session/session.ts'
import type { Store } from '../store/store.ts'
import type { Clock } from '../util/clock.ts'
import { Timer, TimerWheel } from '../util/timer-wheel.ts'
import { allowAll, type Authorizer } from './authorizer.ts'
import { CloseReasons } from './close-reason.ts'
import { Connection } from './connection.ts'
import { ConnectionLimit } from './connection-limit.ts'
import { EventListeners } from './event-listeners.ts'
import { ExpirySweep } from './expiry-sweep.ts'
import type { ExtensionHooks } from './extension-hooks.ts'
import type { Link } from './link.ts'
import type { Logger } from './logger.ts'
import { LostMessages } from './lost-messages.ts'
import { MemoryGuard, type MemoryProbe } from './memory-guard.ts'
import { restore } from './restore.ts'
import { RetainedMessages } from './retained-messages.ts'
import { Sessions } from './sessions.ts'
import { type BrokerSettings, MESSAGE_EXPIRY_OFF } from './settings.ts'
import { Subscriptions, type Topic } from './subscriptions.ts'
import { Throttling } from './throttling.ts'
import { Wills } from './wills.ts'

/** How exactly a crash is known afterwards: what expires while the broker is down counts in seconds. */
const HEARTBEAT_MS = 1_000

/** At shutdown clients are told in groups, 100 like HiveMQ's or more, so that the last hears of it within a second. */
const MIN_SHUTDOWN_GROUP = 100
const SHUTDOWN_GROUPS = 40
const SHUTDOWN_STEP_MS = 25

export interface BrokerParts {
  readonly settings: BrokerSettings
  readonly store: Store
  readonly clock: Clock
  readonly logger: Logger
  readonly authorizer?: Authorizer
  /** Without them everybody is let in, and the authorizer decides the rest. */
  readonly extensions?: ExtensionHooks
  /** Without it memory is never short. */
  readonly memoryProbe?: MemoryProbe
  /** Where the parts around the broker count too. */
  readonly metrics?: Metrics
}

/** The hub: what all connections share. Handlers of packets decide, with this at hand. */
export class Broker {
  readonly settings: BrokerSettings
  readonly limits: CodecLimits
  readonly store: Store
  readonly clock: Clock
  readonly logger: Logger
  /** What counts where no extension has decided otherwise for a client. */
  readonly authorizer: Authorizer
  readonly extensions: ExtensionHooks | null
  readonly metrics: Metrics
  readonly wheel: TimerWheel
  readonly connectionLimit: ConnectionLimit
  readonly throttling: Throttling
  readonly memory: MemoryGuard
  readonly ledger: Ledger
  readonly events: EventListeners
  readonly subscriptions: Subscriptions
  readonly lost: LostMessages
  readonly retained: RetainedMessages
  readonly wills: Wills
  readonly sessions: Sessions
  /** Every link, from its first byte on until it is gone. */
  readonly connections: Set<Connection> = new Set()
  /** Those among them that have been told goodbye and linger. */
  lingering = 0
  #persistentConnections = 0
  /** CONNECT packets so far: who came first. */
  connects = 0
  /** Bytes of the topic names behind all clients' topic aliases. */
  aliasBytes = 0
  /** For PUBLISH packets from clients; used again for each. */
  readonly view: PublishView = new PublishView()
  readonly publication: Publication = new Publication()
  /** For what the broker publishes by itself, which can happen while a client's packet is handled. */
  readonly #ownPublication = new Publication()
  /** Tells the store that the broker lives, as long as there is somebody whose session depends on it. */
  readonly #heartbeat = new Timer(() => {
    this.store.append({ type: 'alive', atWall: this.clock.wallTime() })
    this.wheel.schedule(this.#heartbeat, HEARTBEAT_MS)
  })
  /** Its store is closed: nothing is taken on any more. */
  isStopped = false
  /** `stop` waits for the last link. */
  #onAllGone: (() => void) | null = null
  /** Cap of the Message Expiry Interval in seconds. */
  readonly maxMessageExpiry: number

  constructor(parts: BrokerParts) {
    const { settings, store, clock } = parts
    this.settings = settings
    this.limits = {
      ...DEFAULT_LIMITS,
      maxPacketSize: settings.maxPacketSize,
      isUtf8Strict: settings.utf8ValidationEnabled,
    }
    this.store = store
    this.metrics = parts.metrics ?? new Metrics()
    this.clock = clock
    this.logger = parts.logger
    this.authorizer = parts.authorizer ?? allowAll
    this.extensions = parts.extensions ?? null
    this.maxMessageExpiry =
      settings.messageExpiryMaxInterval === MESSAGE_EXPIRY_OFF ? NO_EXPIRY : settings.messageExpiryMaxInterval
    this.wheel = new TimerWheel(clock)
    this.connectionLimit = new ConnectionLimit(settings.maxConnections, this.logger)
    this.throttling = new Throttling(settings, this.metrics, clock)
    const { wheel, logger, metrics, connections } = this
    const { memoryProbe: probe } = parts
    this.memory = new MemoryGuard(probe === undefined ? null : { probe, wheel, logger, metrics, connections })
    this.ledger = new Ledger(store, clock, this.metrics)
    this.events = new EventListeners(this.ledger)
    const queueLimits = { maxQueueSize: settings.maxQueueSize, strategy: settings.queuedMessagesStrategy }
    this.subscriptions = new Subscriptions(
      queueLimits,
      this.ledger,
      (group) => store.append({ type: 'group-ended', group: group.key }),
      (filter, change) => this.lost.watch(filter, change),
    )
    this.lost = new LostMessages({
      settings,
      ledger: this.ledger,
      wheel: this.wheel,
      subscriptions: this.subscriptions,
      sweep: new ExpirySweep(this.ledger, this.wheel, () => this.#queues()),
      publish: (message) => this.publish(message, null),
    })
    this.retained = new RetainedMessages(store, clock, this.wheel, this.metrics)
    this.wills = new Wills(store, clock, this.wheel, this.metrics, (message, publisher) =>
      this.publish(message, publisher),
    )
    this.sessions = new Sessions({
      store,
      wheel: this.wheel,
      ledger: this.ledger,
      subscriptions: this.subscriptions,
      wills: this.wills,
      queueLimits,
      onExpired: (clientId, atWall) => this.events.sessionExpired(clientId, atWall),
    })
    this.extensions?.attach(this)
  }

  /** Takes up what the store has. To be awaited before the first link. */
  async start(): Promise<void> {
    restore(this, await this.store.load())
    this.memory.start()
  }

  /** Reads the clock, for all work that follows from one event. */
  tick(): number {
    return (this.ledger.now = this.clock.now())
  }

  /** Takes over a new link: sets its listener, waits for CONNECT. */
  accept(link: Link): void {
    link.listener = new Connection(this, link)
  }

  /** Delivers a message that no packet brought: a will, for one. `publisher` is whose it is, for No Local. */
  publish(message: Message, publisher: Session | null): void {
    this.tick()
    const publication = this.#ownPublication
    publication.setMessage(message)
    this.route(publication, this.subscriptions.topicOf(message.topicName), publisher)
  }

  /**
   * Delivers a message to one client, if a subscription of its matches: then true. In a shared group it is this member that
   * gets it.
   */
  publishTo(message: Message, session: Session): boolean {
    this.tick()
    const recipient = this.subscriptions.subscriptionOf(session, message.topicName)
    if (recipient === null) return false
    const publication = this.#ownPublication
    publication.setMessage(message)
    this.metrics.publications++
    dispatch(this.ledger, publication, [recipient], null)
    publication.release()
    return true
  }

  /** Retains a publication if it asks for that, and hands it to all who get it. Returns how many those are. */
  route(publication: Publication, topic: Topic, publisher: Session | null): number {
    // Without RETAIN what is retained stays as it is [MQTT-3.3.1-8] [MQTT4-3.3.1-12].
    if (publication.retain && this.settings.retainedMessagesEnabled) {
      if (publication.payloadEnd === publication.payloadStart) this.retained.clear(publication.topicName)
      else this.retained.set(publication.message.compact())
    }
    const recipients = this.subscriptions.recipientsOf(topic)
    this.metrics.publications++
    if (recipients.length === 0) this.metrics.publicationsUnheard++
    dispatch(this.ledger, publication, recipients, publisher)
    // What is retained is kept for somebody.
    if (recipients.length === 0 && this.lost.isDeadWatched && !publication.retain) this.lost.dead(publication)
    publication.release()
    return recipients.length
  }

  /**
   * Ends every connection, telling MQTT 5 clients why, and closes the store when all of them are gone. Wills without delay
   * are published, into queues and retained messages; delayed ones are kept for the next start.
   */
  async stop(): Promise<void> {
    if (this.connections.size > 0) {
      const allGone = new Promise<void>((resolve) => (this.#onAllGone = resolve))
      this.#closeGroupwise([...this.connections], Math.max(MIN_SHUTDOWN_GROUP, this.connections.size / SHUTDOWN_GROUPS))
      // A client that does not close its side is let go when its time to linger is over.
      await allGone
    }
    this.lost.flush()
    this.wheel.clear()
    this.#audit()
    this.isStopped = true
    await this.store.close()
  }

  /** A delivery that is neither done nor kept nor counted as dropped was lost in silence, and must not stay so. */
  #audit(): void {
    const { unaccounted, internalErrors, dropped } = this.metrics
    // A fault of ours, which has its own line, may have cut work short.
    if (unaccounted !== 0 && internalErrors === 0) {
      this.logger.error(`The books of deliveries do not balance: ${unaccounted} of them are not accounted for.`)
    }
    const lost = dropped[DropReason.STORE_LOST]
    if (lost > 0) this.logger.error(`The store did not have ${lost} deliveries that it should have had.`)
  }

  /** Not all at once: what their ends set off (wills, clients that connect elsewhere) comes spread over a second. */
  #closeGroupwise(connections: Connection[], groupSize: number): void {
    this.tick()
    for (const connection of connections.splice(0, groupSize)) connection.close(CloseReasons.SERVER_SHUTTING_DOWN)
    if (connections.length === 0) return
    this.wheel.schedule(new Timer(() => this.#closeGroupwise(connections, groupSize)), SHUTDOWN_STEP_MS)
  }

  /** A client whose session is kept has connected (1) or is gone (-1). */
  countPersistent(change: 1 | -1): void {
    this.#persistentConnections += change
    if (this.#persistentConnections === 0) this.wheel.cancel(this.#heartbeat)
    else if (!this.#heartbeat.isScheduled) this.wheel.schedule(this.#heartbeat, HEARTBEAT_MS)
  }

  *#queues(): Generator<MessageQueue> {
    for (const { queue } of this.sessions.all()) yield queue
    for (const { queue } of this.subscriptions.groups()) yield queue
  }

  /** Connected clients whose sessions outlive them. */
  get persistentConnections(): number {
    return this.#persistentConnections
  }

  /** A link is gone. */
  forget(connection: Connection): void {
    this.metrics.connectionsClosed++
    this.connections.delete(connection)
    this.lingering--
    if (this.connections.size === 0) this.#onAllGone?.()
  }
}
