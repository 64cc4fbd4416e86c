// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { type AdminService, defineExtension, type Extension } from 'waggle/extension'
import { ConfiguredEndpoint } from '../http-endpoint/configured-endpoint.ts'
import { DEFAULT_ADDRESS, readHeartbeatConfig } from './heartbeat-config.ts'

/**
 * Tells over HTTP whether the broker does its work: 200, or 503 with the reasons. HiveMQ's says 200 from the end of its start
 * to its death; this one says 503 also while the broker stops, so that Kubernetes takes the pod out of its services, and while
 * a listener that is configured is not bound or nothing can be stored.
 */
const extension: Extension = defineExtension({
  async start(context) {
    const { log, services } = context
    const heartbeats = services.metrics.meter('http-heartbeat-meter')
    const endpoint = new ConfiguredEndpoint(context, {
      // Up to 1.0 beside the jar; since 1.1 in conf. The old place counts where both are there.
      places: ['extension-config.xml', join('conf', 'config.xml')],
      read: readHeartbeatConfig,
      standard: DEFAULT_ADDRESS,
      // Later versions of HiveMQ's refuse HEAD, which load balancers like.
      methods: ['GET', 'HEAD'],
      answer: ({ method, socket }, response) => {
        const reasons = reasonsOf(services.admin)
        const status = reasons.length === 0 ? 200 : 503
        const body = Buffer.from(reasons.map((reason) => `${reason}\n`).join(''))
        if (body.length > 0) response.setHeader('Content-Type', 'text/plain; charset=utf-8')
        response.writeHead(status, { 'Content-Length': body.length }).end(method === 'HEAD' ? undefined : body)
        heartbeats.mark()
        log.debug(`${status} for ${socket.remoteAddress ?? 'somebody who is gone'}`)
      },
    })
    await endpoint.start()
  },
})

/** Why the broker does not do its work; nothing if it does. */
function reasonsOf(admin: AdminService): readonly string[] {
  if (admin.stage === 'started') return admin.problems()
  return [admin.stage === 'starting' ? 'The broker is starting' : 'The broker is stopping', ...admin.problems()]
}

export default extension
