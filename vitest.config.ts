// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from 'node:os'
import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { canTestDeployment } from './test/support/tools.ts'

/** Rendering is what makes the tests, so without Helm there are none. */
const DEPLOY = {
  extends: true,
  test: {
    name: 'deploy',
    include: ['test/deploy/**/*.test.ts'],
    globalSetup: ['test/support/build-bundle.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
}

/** `waggle/extension` is the SDK in these sources, for tests and for our own extensions alike. */
const CONDITIONS = ['waggle-sources']

const config: ViteUserConfig = defineConfig({
  ssr: { resolve: { conditions: CONDITIONS, externalConditions: CONDITIONS } },
  test: {
    // One more than vitest's own choice on a machine of two cores: half of the time is waiting for processes and clocks.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['src/**/*.test.ts', 'extensions/**/*.test.ts', 'scripts/**/*.test.ts'] },
      },
      { extends: true, test: { name: 'packets', include: ['test/packets/**/*.test.ts'] } },
      { extends: true, test: { name: 'protocol', include: ['test/protocol/**/*.test.ts'], testTimeout: 60_000 } },
      { extends: true, test: { name: 'property', include: ['test/property/**/*.test.ts'], testTimeout: 60_000 } },
      { extends: true, test: { name: 'fuzz', include: ['test/fuzz/**/*.test.ts'], testTimeout: 60_000 } },
      { extends: true, test: { name: 'compat', include: ['test/compat/**/*.test.ts'] } },
      { extends: true, test: { name: 'contract', include: ['test/contract/**/*.test.ts'], testTimeout: 60_000 } },
      ...(canTestDeployment() ? [DEPLOY] : []),
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/build-bundle.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})

export default config
