// SPDX-License-Identifier: Apache-2.0
import { build } from 'esbuild'

// One file instead of hundreds of modules with types to strip: the broker starts in a third of the time and takes 72 MB instead
// of 112.
await build({
  entryPoints: ['src/main.ts'],
  outfile: 'dist/waggle.js',
  bundle: true,
  // Extensions of ours import the SDK by its name, as everybody's do: here it is these sources, not what was built of them.
  conditions: ['waggle-sources'],
  // Has a native part, which stays a file of its own.
  external: ['lmdb'],
  platform: 'node',
  format: 'esm',
  target: 'node24',
  sourcemap: 'linked',
  // Node holds the text three times until it collects garbage, and with two bytes a character if only one comment has a dash:
  // 5 MB. Stacks show the lines of the sources all the same.
  minifyWhitespace: true,
  // For packages that are CommonJS and ask for modules of Node.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  logLevel: 'warning',
})

// The thread that reads key stores, with node-forge, which the broker itself does without. As CommonJS, since node-forge asks
// for modules of Node by require().
await build({
  entryPoints: ['src/tls/key-material-worker.ts'],
  outfile: 'dist/key-material-worker.cjs',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node24',
  minifyWhitespace: true,
  logLevel: 'warning',
})

// The thread that watches the event loop.
await build({
  entryPoints: ['src/watchdog-worker.ts'],
  outfile: 'dist/watchdog-worker.cjs',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node24',
  logLevel: 'warning',
})
