// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

// What the package has for authors of extensions: types, and the SDK as JavaScript, since Node takes no TypeScript from
// node_modules. The broker itself hands its own SDK to extensions; this one is for their tests and their editors.
const root = join(import.meta.dirname, '..')
rmSync(join(root, 'sdk'), { recursive: true, force: true })
execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', join(root, 'tsconfig.sdk.json')], { stdio: 'inherit' })
await build({
  absWorkingDir: root,
  entryPoints: ['src/extension-sdk/extension.ts'],
  outfile: 'sdk/extension.js',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  logLevel: 'warning',
})
