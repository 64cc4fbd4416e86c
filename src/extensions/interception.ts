// SPDX-License-Identifier: Apache-2.0
import type { InterceptionVerdict } from '../broker/extension-hooks.ts'
import type { Packet } from '../codec/packet.ts'
import { PacketType } from '../codec/packet-type.ts'
import { isReasonCodeOf, ReasonCode } from '../codec/reason-code.ts'
import type { InterceptionEvent, PublishPrevention } from '../extension-sdk/interceptors.ts'
import { NoAnswer } from './ask.ts'
import { CallbackFault } from './callback-fault.ts'
import { CallbackEvent, type ClientFacts } from './client-event.ts'
import type { ClientExtensions } from './client-extensions.ts'
import { handlerOf, type Interceptors } from './client-interceptors.ts'
import { hasOutcome, isSendable } from './decisions.ts'
import { describeError } from './describe-error.ts'
import type { Changes, PacketKind } from './packet-kind.ts'
import type { Registration } from './running-extension.ts'

class PacketEvent extends CallbackEvent implements InterceptionEvent<object> {
  readonly packet: object

  constructor(facts: ClientFacts, packet: object) {
    super(facts)
    this.packet = packet
  }
}

type Answer = { readonly outcome: 'modify' | 'prevent' }

/**
 * Shows a packet to one interceptor after the other; each sees what the one before it has left. `outlivesClient`: it is on its
 * way to a client that may be told nothing more after it.
 */
export function intercept(
  client: ClientExtensions,
  kind: PacketKind,
  packet: Packet,
  outlivesClient: boolean,
  onVerdict: (verdict: InterceptionVerdict) => void,
): void {
  const interceptors = client.interceptors.having(kind.name)
  let current = packet
  const askFrom = (index: number): void => {
    const then = interceptors[index]
    if (then === undefined) return onVerdict(current)
    const registration = client.interceptors.now(then, kind.name)
    if (registration === null) return askFrom(index + 1)
    const event = new PacketEvent(client.facts, kind.toView(current, client.connection))
    client.ask<unknown>(
      registration,
      kind.name,
      event,
      () => handlerOf(registration.callback as Interceptors, kind.name)!(event),
      (answer) => {
        const verdict = judge(registration, answer)
        if (verdict === null) askFrom(index + 1)
        else onVerdict(verdict)
      },
      outlivesClient,
    )
  }
  askFrom(0)

  /** Null: the next one is asked. */
  function judge(registration: Registration<object>, answer: unknown): InterceptionVerdict | null {
    const { extension } = registration
    const failed = kind.isStoppedByFailure ? { prevented: null } : null
    if (answer === undefined || answer === NoAnswer.ABORTED) return null
    if (answer === NoAnswer.THREW) return failed
    if (answer === NoAnswer.TIMED_OUT) return registration.options.onTimeout === 'next' ? null : failed
    const about = `${kind.name} for client ${client.connection.clientId} returned`
    if (!hasOutcome<Answer>(answer, kind.isPreventable ? ['modify', 'prevent'] : ['modify'])) {
      extension.fault(kind.name, CallbackFault.INVALID, `${about} neither undefined nor what an interceptor may say`)
      return failed
    }
    if (answer.outcome === 'prevent') return { prevented: toPrevention(answer as PublishPrevention) }
    try {
      current = kind.modify(current, toChanges(answer), client.connection)
      return null
    } catch (error) {
      extension.fault(kind.name, CallbackFault.INVALID, `${about} what cannot be: ${describeError(error)}`)
      return failed
    }
  }
}

function toChanges(answer: object): Changes {
  const changes: unknown = 'changes' in answer ? answer.changes : undefined
  if (typeof changes !== 'object' || changes === null) throw new TypeError('changes: expected an object')
  return changes as Changes
}

/** A code that PUBACK and PUBREC may carry, and words that can be sent. */
function toPrevention({ reasonCode, reasonString }: PublishPrevention): { reasonCode: ReasonCode; text?: string } {
  const isCode = typeof reasonCode === 'number' && isReasonCodeOf(PacketType.PUBACK, reasonCode)
  return {
    reasonCode: isCode ? reasonCode : ReasonCode.SUCCESS,
    ...(isSendable(reasonString) && { text: reasonString }),
  }
}
