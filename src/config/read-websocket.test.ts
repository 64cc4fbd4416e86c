// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { formatComplaint } from './complaint.ts'
import type { WebSocketConfig } from './listener-config.ts'
import { parseConfig } from './parse-config.ts'

function read(content: string): { websocket: WebSocketConfig | null; complaints: string[] } {
  const listener = `<websocket-listener><port>8000</port>\n${content}</websocket-listener>`
  const xml = `<hivemq><listeners>${listener}</listeners></hivemq>`
  const { config, complaints } = parseConfig(Buffer.from(xml), 'c', {}, '/opt/hivemq')
  return { websocket: config?.listeners[0]?.websocket ?? null, complaints: complaints.map(formatComplaint) }
}

const DEFAULTS: WebSocketConfig = { path: '/mqtt', subprotocols: ['mqttv3.1', 'mqtt'], allowExtensions: false }
const PATH = 'listeners/websocket-listener'

describe('websocket-listener', () => {
  it.each(['', '<path/><allow-extensions/>'])('has the defaults of HiveMQ: %s', (content) => {
    expect(read(content)).toEqual({ websocket: DEFAULTS, complaints: [] })
  })

  it("takes what HiveMQ's own file has", () => {
    const content = `<path> /ws </path><subprotocols><subprotocol>mqtt</subprotocol></subprotocols>
      <allow-extensions>true</allow-extensions>`
    expect(read(content)).toEqual({
      websocket: { path: '/ws', subprotocols: ['mqtt'], allowExtensions: true },
      complaints: [],
    })
  })

  it('takes a list without subprotocols as one', () => {
    expect(read('<subprotocols/>')).toEqual({ websocket: { ...DEFAULTS, subprotocols: [] }, complaints: [] })
  })

  it('says what it uses instead of what is wrong', () => {
    expect(
      read(
        '<path>mqtt</path>\n<allow-extensions>yes</allow-extensions>\n<subprotocols>\n<subprotocol/><protocol/></subprotocols>',
      ),
    ).toEqual({
      websocket: { ...DEFAULTS, subprotocols: [] },
      complaints: [
        `c:2:1: ${PATH}/path: found "mqtt", expected a path that begins with /; "/mqtt" is used`,
        `c:3:1: ${PATH}/allow-extensions: found "yes", expected true or false; the default, false, is used`,
        `c:5:1: ${PATH}/subprotocols/subprotocol: found "", expected a text; it is left out`,
        `c:5:15: ${PATH}/subprotocols/protocol: found an unknown element, expected one of subprotocol; it is ignored`,
      ],
    })
  })
})
