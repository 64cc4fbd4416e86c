// SPDX-License-Identifier: Apache-2.0
import { type CloseReason, CloseReasons } from '../broker/close-reason.ts'
import type { Disconnect } from '../codec/disconnect.ts'
import type { ReasonCode } from '../codec/reason-code.ts'
import type { UserProperty } from '../codec/property.ts'
import type { ConnectEvent } from '../extension-sdk/authenticator.ts'
import type { ClientLifecycleListener, DisconnectEvent } from '../extension-sdk/lifecycle.ts'
import type { ConnectPacket } from '../extension-sdk/packets.ts'
import { CallbackEvent, type ClientFacts } from './client-event.ts'
import type { Registration } from './running-extension.ts'

/** A listener that takes part for this client. */
export interface ClientListener {
  readonly registration: Registration<ClientLifecycleListener>
  readonly listener: ClientLifecycleListener
}

/** A CONNECT that extensions look at. */
export class ConnectingEvent extends CallbackEvent implements ConnectEvent {
  readonly connect: ConnectPacket

  constructor(facts: ClientFacts, connect: ConnectPacket) {
    super(facts)
    this.connect = connect
  }
}

export class DisconnectedEvent extends CallbackEvent implements DisconnectEvent {
  readonly kind: DisconnectEvent['kind']
  readonly reasonCode: ReasonCode | undefined
  readonly reasonString: string | undefined
  readonly userProperties: readonly UserProperty[]

  /** `packet` is the client's, if there was one. */
  constructor(facts: ClientFacts, reason: CloseReason, packet: Disconnect | null, wasAuthenticated: boolean) {
    super(facts)
    this.kind = kindOf(reason, wasAuthenticated)
    const isVersion5 = facts.connection.mqttVersion === '5'
    if (this.kind === 'client') {
      this.reasonCode = isVersion5 ? packet?.reasonCode : undefined
      this.reasonString = packet?.properties?.reasonString
    } else if (this.kind !== 'connection-lost') {
      this.reasonCode = reason.reasonCode
      this.reasonString = reason.text
    }
    this.userProperties = packet?.properties?.userProperties ?? []
  }
}

function kindOf(reason: CloseReason, wasAuthenticated: boolean): DisconnectEvent['kind'] {
  switch (reason) {
    case CloseReasons.CONNECTION_LOST:
      return 'connection-lost'
    case CloseReasons.CLIENT_DISCONNECTED:
    case CloseReasons.CLIENT_DISCONNECTED_WITH_WILL:
      return 'client'
    default:
      return wasAuthenticated ? 'server' : 'authentication-failed'
  }
}
