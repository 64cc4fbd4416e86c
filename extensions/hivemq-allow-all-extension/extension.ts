// SPDX-License-Identifier: Apache-2.0
import { defineExtension, type Extension } from 'waggle/extension'

/** Lets every client in, and lets it do everything. */
const extension: Extension = defineExtension({
  start({ log, services }) {
    services.security.setAuthenticator({ onConnect: () => ({ outcome: 'success' }) })
    log.warn(
      'This deployment is not secure! Every MQTT client can connect, publish and subscribe to everything. For production ' +
        'use a security extension like hivemq-file-rbac-extension and remove this one.',
    )
  },
})

export default extension
