// SPDX-License-Identifier: Apache-2.0
import { defineExtension, type Extension } from 'waggle/extension'

/** Of what is added: told with it, so that who reads it knows what to look for. */
const SCHEMA = 1

/** Adds to each JSON payload below `raw/` who has sent it and when, and publishes it below `enriched/` instead. */
const extension: Extension = defineExtension({
  start({ services }) {
    services.initializers.setClientInitializer((context) => {
      const { clientId } = context.client
      context.intercept({
        publishInbound({ packet }) {
          if (!packet.topicName.startsWith('raw/')) return
          const payload = enrich(packet.payload, clientId)
          if (payload === null) return { outcome: 'prevent' }
          const topicName = `enriched/${packet.topicName.slice('raw/'.length)}`
          return { outcome: 'modify', changes: { topicName, payload } }
        },
      })
    })
  },
})

export default extension

/** Null for what is no JSON object. */
function enrich(payload: Uint8Array, clientId: string): Uint8Array | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString())
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
    return Buffer.from(
      JSON.stringify({ ...value, source: clientId, receivedAt: new Date().toISOString(), schema: SCHEMA }),
    )
  } catch {
    return null
  }
}
