// SPDX-License-Identifier: Apache-2.0
import type { BrokerSettings } from '../../../src/broker/settings.ts'
import { type Action, FuzzBroker } from './fuzz-broker.ts'

const MAX_MS = 60_000
/** The same byte many times, in hex. */
const REPEATED = /(..)\1{30,}/g

/** The shortest list of actions with the same fault that was found in some seconds, as text. */
export async function reduce(
  settings: Partial<BrokerSettings>,
  actions: readonly Action[],
  message: string,
): Promise<string> {
  const end = performance.now() + MAX_MS
  let shortest = actions
  for (let before = Number.POSITIVE_INFINITY; shortest.length < before;) {
    before = shortest.length
    for (let size = before >> 1; size >= 1; size >>= 1) {
      for (let at = 0; at < shortest.length && performance.now() < end;) {
        const shorter = [...shortest.slice(0, at), ...shortest.slice(at + size)]
        if ((await faultOf(settings, shorter)) === kindOf(message)) shortest = shorter
        else at += size
      }
    }
  }
  const isSame = (await faultOf(settings, shortest)) === kindOf(message)
  const lines = isSame ? shortest.map(textOf) : ['(it does not happen again with the same actions)']
  return [`settings ${JSON.stringify(settings)}`, ...lines].join('\n')
}

/** Numbers may differ from one list of actions to the next. */
function kindOf(message: string): string {
  return message.replaceAll(/\d+/g, '')
}

async function faultOf(settings: Partial<BrokerSettings>, actions: readonly Action[]): Promise<string | null> {
  const broker = await FuzzBroker.start(settings)
  try {
    for (const action of actions) broker.do(action)
    await broker.clear()
    return null
  } catch (error) {
    return kindOf((error as Error).message)
  }
}

function abbreviate(bytes: string): string {
  return ` (${bytes.slice(0, 2)} x ${bytes.length / 2}) `
}

function textOf(action: Action): string {
  switch (action.type) {
    case 'send':
      return `${action.slot}> ${action.bytes.toString('hex').replaceAll(REPEATED, abbreviate)}`
    case 'time':
      return `time ${action.ms}ms`
    default:
      return 'slot' in action ? `${action.slot}: ${action.type}` : action.type
  }
}
