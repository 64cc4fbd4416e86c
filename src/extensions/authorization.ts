// SPDX-License-Identifier: Apache-2.0
import { type CloseReason, CloseReasons } from '../broker/close-reason.ts'
import type { PublishVerdict, SubscribeVerdict } from '../broker/extension-hooks.ts'
import { PacketType } from '../codec/packet-type.ts'
import type { UserProperty } from '../codec/property.ts'
import type { Subscribe } from '../codec/subscribe.ts'
import type { AuthorizationDecision, Authorizer, PublishEvent, SubscribeEvent } from '../extension-sdk/authorizer.ts'
import type { Awaitable } from '../extension-sdk/callback.ts'
import type { PublishPacket, Subscription } from '../extension-sdk/packets.ts'
import { parseTopicFilter } from '../topic/topic-filter.ts'
import { NoAnswer } from './ask.ts'
import { CallbackFault } from './callback-fault.ts'
import { CallbackEvent, type ClientFacts } from './client-event.ts'
import type { ClientAuthorizer, ClientExtensions } from './client-extensions.ts'
import { hasOutcome, toRefusal } from './decisions.ts'

class PublishAuthorizationEvent extends CallbackEvent implements PublishEvent {
  readonly publish: PublishPacket
  readonly isWill: boolean

  constructor(facts: ClientFacts, publish: PublishPacket, isWill: boolean) {
    super(facts)
    this.publish = publish
    this.isWill = isWill
  }
}

class SubscribeAuthorizationEvent extends CallbackEvent implements SubscribeEvent {
  readonly subscription: Subscription
  readonly subscriptionIdentifier: number | undefined
  readonly userProperties: readonly UserProperty[]

  constructor(facts: ClientFacts, subscription: Subscription, { properties }: Subscribe) {
    super(facts)
    this.subscription = subscription
    this.subscriptionIdentifier = properties?.subscriptionIdentifiers?.[0]
    this.userProperties = properties?.userProperties ?? []
  }
}

/** A PUBLISH, or a will. */
export function authorizePublish(
  client: ClientExtensions,
  authorizers: readonly ClientAuthorizer[],
  publish: PublishPacket,
  isWill: boolean,
  answer: (verdict: PublishVerdict) => void,
): void {
  const fallback = isWill ? CloseReasons.WILL_NOT_AUTHORIZED : CloseReasons.PUBLISH_NOT_AUTHORIZED
  askInTurn(
    client,
    authorizers,
    'authorizePublish',
    (authorizer) => {
      const event = new PublishAuthorizationEvent(client.facts, publish, isWill)
      return [event, () => authorizer.authorizePublish!(event)]
    },
    (decision) => {
      if (decision === 'permissions') {
        const { permissions, connection } = client
        const { topicName, qos, retain } = publish
        const mayPublish = !permissions.isUntouched && permissions.mayPublish(connection, topicName, qos, retain)
        answer(mayPublish ? null : { refusal: fallback, isAcknowledged: true })
      } else if (decision === 'refused') answer({ refusal: fallback, isAcknowledged: true })
      else if (decision.outcome === 'allow' || decision.outcome === 'next') answer(null)
      else {
        const isAcknowledged = decision.outcome === 'deny'
        const packetType = isWill ? PacketType.CONNACK : isAcknowledged ? PacketType.PUBACK : PacketType.DISCONNECT
        answer({ refusal: toRefusal(packetType, decision, fallback), isAcknowledged })
      }
    },
  )
}

/** Each filter of a SUBSCRIBE, in order. */
export function authorizeSubscribe(
  client: ClientExtensions,
  authorizers: readonly ClientAuthorizer[],
  subscribe: Subscribe,
  answer: (verdict: SubscribeVerdict) => void,
): void {
  const refusals: (CloseReason | null)[] = []
  const fallback = CloseReasons.SUBSCRIBE_NOT_AUTHORIZED
  let isAsking = false
  let isAnswered = false
  const onOutcome = (outcome: Outcome, subscription: Subscription): void => {
    if (outcome === 'permissions') refusals.push(isPermitted(client, subscription) ? null : fallback)
    else if (outcome === 'refused') refusals.push(fallback)
    else if (outcome.outcome === 'allow' || outcome.outcome === 'next') refusals.push(null)
    else if (outcome.outcome === 'deny') refusals.push(toRefusal(PacketType.SUBACK, outcome, fallback))
    else return answer(toRefusal(PacketType.DISCONNECT, outcome, fallback))
    askOn()
  }
  // A loop and no recursion where answers come at once: a SUBSCRIBE can have thousands of filters.
  const askOn = (): void => {
    isAnswered = true
    if (isAsking) return
    isAsking = true
    while (isAnswered) {
      isAnswered = false
      const subscription = subscribe.subscriptions[refusals.length]
      if (subscription === undefined) return answer(refusals)
      const prepare = (authorizer: Authorizer): Question => {
        const event = new SubscribeAuthorizationEvent(client.facts, subscription, subscribe)
        return [event, () => authorizer.authorizeSubscribe!(event)]
      }
      askInTurn(client, authorizers, 'authorizeSubscribe', prepare, (outcome) => onOutcome(outcome, subscription))
    }
    isAsking = false
  }
  askOn()
}

function isPermitted({ permissions, connection }: ClientExtensions, subscription: Subscription): boolean {
  // The broker has checked it.
  const parsed = parseTopicFilter(subscription.topicFilter)!
  return !permissions.isUntouched && permissions.maySubscribe(connection, parsed, subscription)
}

/**
 * What the authorizers say: the decision of one of them; `permissions` when all leave it to the client's permissions, which then
 * have to say something; `refused` when one should have decided and could not, and no other did.
 */
type Outcome = AuthorizationDecision | 'permissions' | 'refused'

type Question = [CallbackEvent, () => Awaitable<AuthorizationDecision>]

function askInTurn(
  client: ClientExtensions,
  authorizers: readonly ClientAuthorizer[],
  method: keyof Authorizer,
  prepare: (authorizer: Authorizer) => Question,
  onOutcome: (outcome: Outcome) => void,
): void {
  let isUnsettled = false
  const askFrom = (index: number): void => {
    const then = authorizers[index]
    if (then === undefined) return onOutcome(isUnsettled ? 'refused' : 'permissions')
    const next = client.authorizerNow(then)
    if (next === null) return askFrom(index + 1)
    const { registration, authorizer } = next
    if (authorizer[method] === undefined) return askFrom(index + 1)
    const [event, callback] = prepare(authorizer)
    client.ask<AuthorizationDecision>(registration, method, event, callback, (answer) => {
      if (answer === NoAnswer.TIMED_OUT && registration.options.onTimeout !== 'next') return onOutcome('refused')
      if (!hasOutcome<AuthorizationDecision>(answer, ['allow', 'deny', 'disconnect', 'next'])) {
        isUnsettled = true
        const isNonsense = typeof answer !== 'symbol'
        if (isNonsense) {
          registration.extension.fault(method, CallbackFault.INVALID, `${method} returned no decision`)
        }
      } else if (answer.outcome !== 'next') return onOutcome(answer)
      askFrom(index + 1)
    })
  }
  askFrom(0)
}
