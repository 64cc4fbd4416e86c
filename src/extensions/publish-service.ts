// SPDX-License-Identifier: Apache-2.0
import type { Publish, PublishService } from '../extension-sdk/publish-service.ts'
import type { BrokerAccess } from './broker-access.ts'
import { expectValue } from './given-values.ts'
import { toMessage } from './outgoing-message.ts'

export function publishServiceOf(access: BrokerAccess): PublishService {
  return {
    publish: (message: Publish) => access.add((broker) => broker.publish(toMessage(broker, message), null)),
    publishToClient: (message, clientId) =>
      access.add((broker) => {
        expectValue(typeof clientId === 'string' && clientId !== '', 'clientId', clientId, 'a client identifier')
        const unretained = toMessage(broker, { ...message, retain: false })
        const session = broker.sessions.get(clientId)
        return session !== undefined && broker.publishTo(unretained, session) ? 'successful' : 'not-subscribed'
      }),
  }
}
