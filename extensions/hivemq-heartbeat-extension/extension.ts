// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { type AdminService, defineExtension, type Extension } from 'waggle/extension'
import { ConfiguredEndpoint } from '../http-endpoint/configured-endpoint.ts'
import { DEFAULT_ADDRESS, readHeartbeatConfig } from './heartbeat-config.ts'

/**
 * Tells over HTTP whether the broker does its work: 200, or 503 with the reasons. HiveMQ's says 200 from the end of its start
 * to its death; this one says 503 also while the broker stops, so that Kubernetes takes the pod out of its services, and while
 * a listener that is configured is not bound or nothing can be stored.
 *
 * Kubernetes itself does not get 503 for the last. UMH has one path for both of its probes: the pod would be restarted every 90 s,
 * which makes no room, and taken out of its services, so that nobody could come and take the messages that fill the disk.
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
      answer: ({ method, socket, headers }, response) => {
        const problems = problemsOf(services.admin)
        const isKubelet = headers['user-agent']?.startsWith('kube-probe/') === true
        const status = problems.every(({ kind }) => isKubelet && kind === 'store') ? 200 : 503
        const body = Buffer.from(problems.map(({ text }) => `${text}\n`).join(''))
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
function problemsOf(admin: AdminService): readonly { kind: string; text: string }[] {
  const { stage } = admin
  if (stage === 'started') return admin.problems()
  return [{ kind: 'stage', text: `The broker is ${stage}` }, ...admin.problems()]
}

export default extension
