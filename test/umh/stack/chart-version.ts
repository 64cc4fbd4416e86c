// SPDX-License-Identifier: Apache-2.0
import type { Limits } from '../kubernetes/control-group.ts'

/** What the charts of the time make of the pod, as far as it differs. */
export interface ChartVersion {
  readonly name: string
  /** In the mount paths. Up to 0.15.0 it is the tag of the image, whatever that is. */
  readonly tag: string
  readonly javaOptions: string | null
  readonly limits: Limits
  /** Era A has the stores only where TLS is on, and copies credentials.xml; era B has no switch for it. */
  readonly hasRbacSwitch: boolean
}

const SMALL: Limits = { cpu: 500, memoryMiB: 500 }
const LARGE: Limits = { cpu: 700, memoryMiB: 1700 }
const HEAP = '-Xmx750m -Xms750m'

export const CHART_0_9_10: ChartVersion = {
  name: '0.9.10',
  tag: '2022.1',
  javaOptions: null,
  limits: SMALL,
  hasRbacSwitch: true,
}
export const CHART_0_10: ChartVersion = {
  name: '0.10.0',
  tag: '2023.7',
  javaOptions: HEAP,
  limits: LARGE,
  hasRbacSwitch: true,
}
export const CHART_0_15: ChartVersion = {
  name: '0.15.0',
  tag: '2024.1',
  javaOptions: HEAP,
  limits: LARGE,
  hasRbacSwitch: true,
}
export const CHART_0_29: ChartVersion = {
  name: '0.29.0',
  tag: '2024.1',
  javaOptions: HEAP,
  limits: LARGE,
  hasRbacSwitch: false,
}

/** Era A where `mqtt_broker.image.tag` was changed: the mounts move along. */
export function withTag(chart: ChartVersion, tag: string): ChartVersion {
  return { ...chart, name: `${chart.name} with tag ${tag}`, tag }
}

export function homeOf({ tag }: ChartVersion): string {
  return `/opt/hivemq-ce-${tag}`
}
