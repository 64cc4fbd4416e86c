// SPDX-License-Identifier: Apache-2.0
import type { Findings } from '../findings.ts'

export interface Scenario {
  readonly title: string
  /** What fails if it breaks off. */
  readonly points: readonly number[]
  /** `root`: what the image is unpacked in. */
  run(findings: Findings, root: string): Promise<void>
}
