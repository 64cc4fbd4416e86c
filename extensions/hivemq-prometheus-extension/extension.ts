// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { defineExtension, type Extension } from 'waggle/extension'
import { ConfiguredEndpoint } from '../http-endpoint/configured-endpoint.ts'
import { readPrometheusConfig, SHIPPED_ADDRESS } from './prometheus-config.ts'
import { Scrape } from './scrape.ts'

/** All metrics over HTTP, for Prometheus. */
const extension: Extension = defineExtension({
  async start(context) {
    const { log, services } = context
    const scrape = new Scrape(services, log)
    const endpoint = new ConfiguredEndpoint(context, {
      // Up to 4.0 beside the jar; since 4.1 in conf. The old place counts where both are there.
      places: ['prometheusConfiguration.properties', join('conf', 'config.properties')],
      read: readPrometheusConfig,
      standard: SHIPPED_ADDRESS,
      // HiveMQ takes POST for GET.
      methods: ['GET', 'HEAD', 'POST'],
      answer: (request, response) => scrape.answer(request, response),
    })
    await endpoint.start()
  },
})

export default extension
