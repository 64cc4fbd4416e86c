// SPDX-License-Identifier: Apache-2.0
import { configXml } from '../../deploy/umh-objects.ts'
import type { Findings } from '../findings.ts'
import { Release } from '../stack/release.ts'
import { CHART_0_15 } from '../stack/chart-version.ts'
import { refusal } from '../stack/connect.ts'

/** The ConfigMap changes below a running pod: nothing happens until the next one. */
export async function seeConfigChange(findings: Findings, root: string): Promise<void> {
  await findings.look(9, 'ConfigMap changed', async () => {
    using release = new Release(root, CHART_0_15)
    const emptyId = (address: string): Promise<number> => refusal(`mqtt://${address}`, { clientId: '', clean: true })
    await using before = await release.startPod()
    await before.ready()
    const allow = '<allow-empty-client-id><enabled>true</enabled></allow-empty-client-id>'
    const xml = configXml('REQUIRED').replace(/<allow-empty-client-id>.*<\/allow-empty-client-id>/, allow)
    release.config.update({ 'config.xml': xml })
    const running = await emptyId(before.address)
    const { code } = await before.stop()
    await using after = await release.startPod()
    await after.ready()
    const restarted = await emptyId(after.address)
    return [
      running === 2 && restarted === 0 && code === 0,
      `empty client id: ${running} in the running pod, ${restarted} in the next one`,
    ]
  })
}
