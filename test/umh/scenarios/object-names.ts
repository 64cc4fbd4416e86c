// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from 'node:fs'
import { BROKER, mounts } from '../../deploy/umh-objects.ts'
import { UMH_0_15 } from '../../deploy/umh-values.ts'
import { render } from '../../support/deploy/helm.ts'
import { canTestDeployment } from '../../support/tools.ts'
import { CHART_0_15, homeOf } from '../stack/chart-version.ts'
import { Release } from '../stack/release.ts'
import type { Scenario } from './scenario.ts'

/** By kind and name, as UMH's documentation has them. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  [`ConfigMap ${BROKER}-hive`]: ['config.xml'],
  [`ConfigMap ${BROKER}-extension`]: ['credentials.xml', 'heartbeat.xml', 'prometheus.properties'],
  [`Secret ${BROKER}-secret-keystore`]: ['keystore.jks', 'truststore.jks'],
}

/** The image with the keys of UMH's objects, and our chart with UMH's values: both have to keep to the same names. */
export const objectNames: Scenario = {
  title: 'names of keys and files',
  points: [12],
  async run(findings, root) {
    using release = new Release(root, CHART_0_15)
    await using pod = await release.startPod()
    await pod.ready()
    const mounted = [release.config, release.extensionConfig, release.keystores]
    for (const [i, [id, keys]] of Object.entries(KEYS).entries()) {
      const files = readdirSync(mounted[i]!.folder).filter((name) => !name.startsWith('..'))
      findings.saw(12, files.toSorted().join(' ') === keys.join(' '), `the pod ran with ${id}: ${files.join(', ')}`)
    }
    if (!canTestDeployment()) return
    await findings.look(12, 'our chart with the values of 0.15.0', async () => {
      const rendered = await render(UMH_0_15)
      const wrong = Object.entries(KEYS).filter(([id, keys]) => {
        const [kind, name] = id.split(' ')
        return Object.keys(rendered.object(kind!, name!).data).toSorted().join(' ') !== keys.join(' ')
      })
      const missing = Object.keys(mounts(homeOf(CHART_0_15))).filter((path) => !rendered.mounts.has(path))
      return [
        wrong.length === 0,
        `the same keys${wrong.length > 0 ? ` but ${wrong.join(', ')}` : ''}; ${missing.length} mounts moved`,
      ]
    })
  },
}
