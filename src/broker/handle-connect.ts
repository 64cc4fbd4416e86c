// SPDX-License-Identifier: Apache-2.0
import type { Connack } from '../codec/connack.ts'
import { decodeConnect, decodeProtocolVersion, type Connect, type UnsupportedVersion } from '../codec/connect.ts'
import { Fault, Faults } from '../codec/fault.ts'
import { encodePacket } from '../codec/packet.ts'
import { PacketType } from '../codec/packet-type.ts'
import { varintLength } from '../codec/packet-writer.ts'
import type { Properties, UserProperty } from '../codec/property.ts'
import { ProtocolVersion } from '../codec/protocol-version.ts'
import { ReasonCode, toReturnCode } from '../codec/reason-code.ts'
import { writePacket } from '../session/outlet.ts'
import { pump } from '../session/pump.ts'
import { invariant } from '../util/invariant.ts'
import { AuthExchange } from './auth-exchange.ts'
import { awaitAnswer } from './await-answer.ts'
import { assignClientId } from './client-id.ts'
import { CloseReasons } from './close-reason.ts'
import type { Connection } from './connection.ts'
import { ConnectionState } from './connection-state.ts'
import type { Admission, AuthenticationRefusal, AuthenticationVerdict, ClientHooks } from './extension-hooks.ts'
import { Shedding } from './memory-guard.ts'
import { MAX_INFLIGHT_WINDOW } from './settings.ts'
import { whenDurable } from './when-durable.ts'
import { authorizeWill, checkWill, toSessionWill } from './will-of-connect.ts'

/** MQTT allows one and a half times the keep alive between packets (spec 5.0, 3.1.2.10). */
const KEEP_ALIVE_FACTOR = 1.5

/** The first packet of a connection. Whatever is wrong with it, the connection is closed and nothing else comes of it. */
export function handleConnect(
  connection: Connection,
  firstByte: number,
  buffer: Buffer,
  start: number,
  bodyStart: number,
  end: number,
): Fault | null {
  const { broker } = connection
  const version = decodeProtocolVersion(buffer, bodyStart, end)
  if (typeof version !== 'number') {
    refuseVersion(connection, version)
    return null
  }
  connection.version = version
  const isVersion5 = version === ProtocolVersion.V5
  connection.reader.isShortestLengthRequired = isVersion5
  // Only now it is known that this header has to be in its shortest form too [MQTT-1.5.5-1].
  const isPadded = isVersion5 && bodyStart - start > 1 + varintLength(end - bodyStart)
  const connect = isPadded
    ? Faults.REMAINING_LENGTH_NOT_SHORTEST
    : decodeConnect(firstByte & 0x0f, buffer, bodyStart, end, version, broker.limits)
  if (connect instanceof Fault) {
    // Before MQTT 5 a CONNECT that is not well-formed gets no CONNACK [MQTT4-3.1.4-1] [MQTT4-3.2.2-6].
    if (isVersion5) refuseBriefly(connection, connect)
    return connect
  }
  broker.metrics.packetsReceived[PacketType.CONNECT]!++
  if (isVersion5) broker.metrics.connectsOfVersion5++
  setLimits(connection, connect)
  const refusal = check(connection, connect)
  if (refusal !== null) {
    refuse(connection, refusal) // [MQTT-3.1.4-2]
    return refusal
  }
  connection.clientId = connect.clientId === '' ? assignClientId() : connect.clientId // [MQTT-3.1.3-7]
  connection.userName = connect.userName
  connection.authenticationMethod = connect.properties.authenticationMethod
  connection.connectOrder = ++broker.connects
  return authenticate(connection, connect)
}

/** Extensions decide whether the client may connect; where there are none, it may. */
function authenticate(connection: Connection, connect: Connect): Fault | null {
  const { broker } = connection
  if (broker.extensions === null) {
    const admission = { authorizer: broker.authorizer, receiveMaximum: Number.POSITIVE_INFINITY, userProperties: [] }
    return admit(connection, connect, admission)
  }
  const extensions = broker.extensions.connecting(connection)
  connection.extensions = extensions
  connection.state = ConnectionState.AUTHENTICATING
  connection.reader.isConnectExpected = false
  // The client has done its part; each extension has a time limit of its own.
  broker.wheel.cancel(connection.timer)
  if (!extensions.interceptsConnect) return askAuthenticators(connection, connect, extensions)
  return awaitAnswer(
    connection,
    (answer: (connect: Connect | null) => void) => extensions.interceptConnect(connect, answer),
    (intercepted) => {
      const refusal = intercepted === null ? CloseReasons.CONNECT_PREVENTED : takeOver(connection, intercepted)
      if (refusal === null) return askAuthenticators(connection, intercepted!, extensions)
      refuse(connection, refusal)
      return refusal
    },
  )
}

/** CONNECT as interceptors have left it. */
function takeOver(connection: Connection, connect: Connect): Fault | null {
  setLimits(connection, connect)
  if (connect.clientId !== '') connection.clientId = connect.clientId
  connection.userName = connect.userName
  connection.authenticationMethod = connect.properties.authenticationMethod
  return checkMethod(connection, connect)
}

function askAuthenticators(connection: Connection, connect: Connect, extensions: ClientHooks): Fault | null {
  // One that names a method may have to be asked for more.
  if (connection.authenticationMethod !== undefined) {
    const exchange = new AuthExchange(connection, (outcome) => conclude(connection, connect, outcome))
    return exchange.begin((answer) => extensions.authenticate(connect, answer))
  }
  return awaitAnswer(
    connection,
    (answer: (verdict: AuthenticationVerdict) => void) => extensions.authenticate(connect, answer),
    (verdict) => {
      invariant(!('challenge' in verdict), 'only a client that names a method is asked for more')
      return conclude(connection, connect, verdict)
    },
  )
}

function conclude(connection: Connection, connect: Connect, outcome: Admission | AuthenticationRefusal): Fault | null {
  if (!('refusal' in outcome)) return admit(connection, connect, outcome)
  refuse(connection, outcome.refusal, outcome.userProperties) // [MQTT-3.1.4-2]
  return outcome.refusal
}

/** It may connect; what is left is its will. */
function admit(connection: Connection, connect: Connect, admission: Admission): Fault | null {
  connection.authorizer = admission.authorizer
  if (connect.will === undefined) return accept(connection, connect, admission)
  return authorizeWill(connection, connect.will, (refusal) => {
    if (refusal === null) return accept(connection, connect, admission)
    refuse(connection, refusal)
    return refusal
  })
}

/** A CONNECT above the maximum packet size. Of its body enough is there to know the version to answer in. */
export function refuseOversizedConnect(connection: Connection, body: Buffer): void {
  if (decodeProtocolVersion(body, 0, body.length) !== ProtocolVersion.V5) return
  connection.version = ProtocolVersion.V5
  refuseBriefly(connection, Faults.PACKET_TOO_LARGE) // [MQTT-3.2.2-15]
}

/** With the shortest CONNACK: what packets the client takes is not known [MQTT-3.2.2-19]. */
function refuseBriefly(connection: Connection, { reasonCode }: Fault): void {
  connection.send({ type: PacketType.CONNACK, sessionPresent: false, reasonCode })
}

function refuseVersion(connection: Connection, { fault, answerIn }: UnsupportedVersion): void {
  if (answerIn !== null) {
    const reasonCode = answerIn === ProtocolVersion.V5 ? fault.reasonCode : toReturnCode(fault.reasonCode)!
    const bytes = encodePacket({ type: PacketType.CONNACK, sessionPresent: false, reasonCode }, answerIn)
    connection.broker.metrics.countSent(PacketType.CONNACK, bytes.length)
    writePacket(connection.link, bytes)
  }
  connection.close(fault)
}

/** A fault of our own while the CONNECT was handled. */
export function refuseForInternalError(connection: Connection): void {
  if (connection.isVersion5) refuse(connection, CloseReasons.INTERNAL_ERROR)
}

/** CONNACK with an error: Session Present is 0 [MQTT-3.2.2-6] [MQTT4-3.2.2-4], and the caller closes [MQTT-3.2.2-7] [MQTT4-3.2.2-5]. */
function refuse(connection: Connection, reason: Fault, userProperties: UserProperty[] = []): void {
  const packet = { type: PacketType.CONNACK, sessionPresent: false } as const
  if (connection.isVersion5) {
    const refusal = { ...packet, reasonCode: reason.reasonCode } // [MQTT-3.2.2-8]
    const properties = { reasonString: reason.text, userProperties }
    // User properties only where they fit [MQTT-3.2.2-20].
    if (userProperties.length > 0 && connection.send({ ...refusal, properties }, true)) return
    connection.sendWithReason(refusal, reason.text)
    return
  }
  const returnCode = toReturnCode(reason.reasonCode)
  if (returnCode !== undefined) connection.send({ ...packet, reasonCode: returnCode })
}

/** What the client says of the packets that it takes counts from CONNACK on. */
function setLimits(connection: Connection, { properties }: Connect): void {
  connection.maxPacketSize = properties.maximumPacketSize ?? Number.POSITIVE_INFINITY
  connection.isProblemInformationWanted =
    properties.requestProblemInformation !== 0 && connection.broker.settings.allowRequestProblemInformationEnabled
  connection.isResponseInformationWanted = properties.requestResponseInformation === 1
}

function check(connection: Connection, connect: Connect): Fault | null {
  const { broker } = connection
  const { settings } = broker
  if (broker.memory.level >= Shedding.REFUSE_CONNECTS) {
    broker.metrics.connectsRefusedForMemory++
    return CloseReasons.MEMORY_SHORT
  }
  if (connection.input.throttle !== null && !connection.input.throttle.admits(connection.receivedAt)) {
    return CloseReasons.CONNECTION_RATE_EXCEEDED
  }
  // [MQTT-3.1.3-8] [MQTT4-3.1.3-8] [MQTT4-3.1.3-9]
  if (connect.clientId === '' && !mayHaveEmptyId(connect, settings.allowEmptyClientIdEnabled)) {
    return CloseReasons.CLIENT_ID_EMPTY
  }
  // Any 23 letters and digits do, unless the operator allows fewer (HiveMQ) ~[MQTT-3.1.3-5] ~[MQTT4-3.1.3-5].
  if (connect.clientId.length > settings.maxClientIdLength) return CloseReasons.CLIENT_ID_TOO_LONG
  if (!broker.connectionLimit.admits(broker.connections.size - broker.lingering, connection.receivedAt)) {
    return CloseReasons.TOO_MANY_CONNECTIONS
  }
  const refusal = checkMethod(connection, connect)
  if (refusal !== null) return refusal
  return connect.will === undefined ? null : checkWill(broker, connect.will)
}

function checkMethod({ broker }: Connection, connect: Connect): Fault | null {
  // A method that nobody knows is passed over where user name and password can decide instead (HiveMQ) ~[MQTT-4.12.0-1].
  const hasCredentials = connect.userName !== undefined && connect.password !== undefined
  const isMethodKnown = broker.extensions?.knowsMethods === true
  if (connect.properties.authenticationMethod !== undefined && !hasCredentials && !isMethodKnown) {
    return CloseReasons.AUTHENTICATION_METHOD_NOT_SUPPORTED
  }
  return null
}

/** MQTT 3.1 wants at least one character; 3.1.1 wants a clean session with an empty identifier [MQTT4-3.1.3-7]. */
function mayHaveEmptyId({ protocolVersion, cleanStart }: Connect, isAllowed: boolean): boolean {
  if (protocolVersion === ProtocolVersion.V3_1) return false
  return isAllowed && (cleanStart || protocolVersion === ProtocolVersion.V5)
}

function accept(connection: Connection, connect: Connect, admission: Admission): Fault | null {
  const { broker } = connection
  // Sessions are held by connections and by nothing else.
  const holder = broker.sessions.get(connection.clientId)?.holder as Connection | null | undefined
  // Who sent CONNECT last has the session, also when extensions took longer over who came before.
  if (holder != null && holder.connectOrder > connection.connectOrder) return CloseReasons.SESSION_TAKEN_OVER
  connection.extensions?.authenticated()
  const appendedBefore = broker.store.appended
  // [MQTT-3.1.4-3] [MQTT4-3.1.4-2]
  holder?.close(CloseReasons.SESSION_TAKEN_OVER)
  const expiryIntervalSec = sessionExpiryOf(connection, connect)
  // [MQTT-3.1.4-4] [MQTT4-3.1.4-3]
  const { session, isPresent } = broker.sessions.open(
    connection.clientId,
    connect.cleanStart,
    expiryIntervalSec,
    admission.queueLimit,
  )
  broker.wills.replace(session, connect.will === undefined ? null : toSessionWill(broker, connect.will))
  connection.state = ConnectionState.CONNECTING
  connection.reader.isConnectExpected = false
  connection.session = session
  session.holder = connection
  broker.metrics.connections++
  if (session.isStored) broker.countPersistent(1)
  // The client may rely on its session, on the end of an earlier one, and on its will as soon as it is told.
  const isStored = broker.store.appended !== appendedBefore || broker.sessions.isEnding(connection.clientId)
  whenDurable(connection, isStored, () => welcome(connection, connect, admission, isPresent))
  return null
}

/** Tells the client that it is let in. Extensions see CONNACK before they hear of the client as one that is served (HiveMQ). */
function welcome(connection: Connection, connect: Connect, admission: Admission, sessionPresent: boolean): void {
  const keepAliveSec = keepAliveOf(connection, connect)
  const properties = connackProperties(connection, connect, keepAliveSec, connection.session!.expiryIntervalSec)
  if (admission.authenticationData !== undefined) properties.authenticationData = admission.authenticationData
  const connack: Connack = {
    type: PacketType.CONNACK,
    sessionPresent, // [MQTT-3.2.2-2] [MQTT-3.2.2-3] [MQTT4-3.2.2-1] [MQTT4-3.2.2-2] [MQTT4-3.2.2-3]
    reasonCode: ReasonCode.SUCCESS, // [MQTT-3.1.4-5] [MQTT4-3.1.4-4]
    properties,
  }
  const { userProperties } = admission
  // User properties only where they fit [MQTT-3.2.2-20].
  const connacks = userProperties.length > 0 ? [withUserProperties(connack, userProperties), connack] : [connack]
  const { extensions } = connection
  if (extensions === null || !extensions.interceptsConnack) {
    return serve(connection, connect, admission, keepAliveSec, connacks)
  }
  awaitAnswer(
    connection,
    (answer: (connack: Connack | null) => void) => extensions.interceptConnack(connacks[0]!, answer),
    (intercepted) => {
      // Without CONNACK nothing can be said.
      if (intercepted === null) connection.closeQuietly(CloseReasons.PACKET_PREVENTED)
      else serve(connection, connect, admission, keepAliveSec, [intercepted, ...connacks])
      return null
    },
  )
}

function withUserProperties(connack: Connack, userProperties: UserProperty[]): Connack {
  return { ...connack, properties: { ...connack.properties, userProperties } }
}

/** From here on the client is served. It gets the first CONNACK that fits what it takes. */
function serve(
  connection: Connection,
  connect: Connect,
  admission: Admission,
  keepAliveSec: number,
  connacks: readonly Connack[],
): void {
  const { broker } = connection
  const session = connection.session!
  if (connection.extensions?.initialize() === true && !mayStillHaveWill(connection, connect)) {
    broker.wills.cancel(session)
    refuse(connection, CloseReasons.WILL_NOT_AUTHORIZED)
    return connection.close(CloseReasons.WILL_NOT_AUTHORIZED)
  }
  connection.state = ConnectionState.CONNECTED
  connection.idleLimitMs = keepAliveSec * 1000 * KEEP_ALIVE_FACTOR
  broker.wheel.cancel(connection.timer)
  if (keepAliveSec > 0) broker.wheel.schedule(connection.timer, connection.idleLimitMs)
  session.outlet = connection
  // [MQTT-3.3.4-9] [MQTT-4.9.0-1]; MQTT 3 clients get a window too.
  connection.receiveMaximum = connect.properties.receiveMaximum ?? 65_535
  const receiveMaximum = Math.min(connection.receiveMaximum, admission.receiveMaximum)
  session.resend = session.window.reopen(Math.min(receiveMaximum, MAX_INFLIGHT_WINDOW))
  session.resendNext = 0
  // The first packet to the client, and the only CONNACK [MQTT-3.2.0-1] [MQTT-3.2.0-2] [MQTT4-3.2.0-1].
  const isAcknowledged = connacks.some((connack, i) => connection.send(connack, i < connacks.length - 1))
  // Not even CONNACK fits what the client takes [MQTT-3.1.2-24].
  if (!isAcknowledged) return connection.closeQuietly(CloseReasons.ANSWER_TOO_LARGE)
  broker.events.clientConnected(connection, connect.cleanStart)
  pump(broker.ledger, session)
}

/** Extensions have changed the permissions since the will was looked at (HiveMQ). */
function mayStillHaveWill(connection: Connection, { will }: Connect): boolean {
  if (will === undefined) return true
  return connection.authorizer.mayPublish(connection, will.topicName, will.qos, will.retain)
}

/** How long the session outlives its connection. MQTT 3 knows only "not at all" and "as long as the broker allows". */
function sessionExpiryOf(connection: Connection, { cleanStart, properties, protocolVersion }: Connect): number {
  const maximum = connection.broker.settings.sessionExpiryMaxInterval
  const isVersion5 = protocolVersion === ProtocolVersion.V5
  connection.requestedSessionExpirySec = isVersion5 ? (properties.sessionExpiryInterval ?? 0) : cleanStart ? 0 : maximum
  return Math.min(connection.requestedSessionExpirySec, maximum)
}

/**
 * The client's own [MQTT-3.2.2-22]; only MQTT 5 clients can be told another value, which then counts [MQTT-3.1.2-21]
 * [MQTT-3.2.2-21].
 */
function keepAliveOf({ broker: { settings } }: Connection, { keepAliveSec, protocolVersion }: Connect): number {
  if (protocolVersion !== ProtocolVersion.V5) return keepAliveSec
  if (keepAliveSec === 0) return settings.allowUnlimitedKeepAlive ? 0 : settings.maxKeepAlive
  return Math.min(keepAliveSec, settings.maxKeepAlive)
}

/** What differs from the protocol's defaults, or from what was asked for. No Response Information [MQTT-3.1.2-28]. */
function connackProperties(
  connection: Connection,
  connect: Connect,
  keepAliveSec: number,
  expiryIntervalSec: number,
): Properties {
  const { settings } = connection.broker
  const properties: Properties = {}
  if (expiryIntervalSec !== connection.requestedSessionExpirySec) properties.sessionExpiryInterval = expiryIntervalSec
  if (settings.serverReceiveMaximum !== 65_535) properties.receiveMaximum = settings.serverReceiveMaximum
  if (settings.maxQos < 2) properties.maximumQoS = settings.maxQos // [MQTT-3.2.2-9]
  if (!settings.retainedMessagesEnabled) properties.retainAvailable = 0
  if (settings.maxPacketSize < 268_435_460) properties.maximumPacketSize = settings.maxPacketSize
  if (connect.clientId === '') properties.assignedClientIdentifier = connection.clientId // [MQTT-3.2.2-16]
  if (settings.topicAliasEnabled) properties.topicAliasMaximum = settings.topicAliasMaxPerClient
  if (!settings.wildcardSubscriptionsEnabled) properties.wildcardSubscriptionAvailable = 0
  if (!settings.subscriptionIdentifierEnabled) properties.subscriptionIdentifierAvailable = 0
  if (!settings.sharedSubscriptionsEnabled) properties.sharedSubscriptionAvailable = 0
  if (keepAliveSec !== connect.keepAliveSec) properties.serverKeepAlive = keepAliveSec
  // [MQTT-4.12.0-5] [MQTT-4.12.0-6]
  if (connection.authenticationMethod !== undefined) properties.authenticationMethod = connection.authenticationMethod
  return properties
}
