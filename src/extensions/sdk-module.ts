// SPDX-License-Identifier: Apache-2.0
import { readFileSync, realpathSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import * as sdk from '../extension-sdk/extension.ts'
import { digestOf } from './file-digests.ts'

const SPECIFIER = 'waggle/extension'
const SDK_URL = 'waggle:extension'
/** Where the module that extensions import finds the broker's own one. */
const SDK_KEY = Symbol.for('waggle.extension')
/** Part of the address of a module: Node loads a module anew only under a new address. */
const GENERATION = 'waggle-generation'

/** The code of an extension as it was loaded once. */
export interface LoadedCode {
  /** What its module exports. */
  readonly module: Promise<unknown>
  /** Its files, also those that are loaded later, and a digest of what stood in each; null for one that was not there. */
  readonly files: ReadonlyMap<string, string | null>
}

interface LoadedModule {
  /** By the name that leads to it: Kubernetes puts the files of a volume into another folder at every change, behind links. */
  readonly file: string
  /** The id of its extension. */
  readonly owner: string
  readonly generation: string
  readonly files: Map<string, string | null>
}

/** By address. */
const modules = new Map<string, LoadedModule>()

/**
 * Extensions import `waggle/extension` and have nothing of that name installed; also, the broker may be one bundled file. So the
 * name leads to a module that hands out what the broker itself has: an error class of the SDK is one and the same on both sides.
 */
let isInstalled = false
function install(): void {
  if (isInstalled) return
  isInstalled = true
  Reflect.set(globalThis, SDK_KEY, sdk)
  const names = Object.keys(sdk).join(', ')
  const source = `export const { ${names} } = globalThis[Symbol.for(${JSON.stringify(SDK_KEY.description)})]`
  registerHooks({
    resolve(specifier, context, nextResolve) {
      if (specifier === SPECIFIER) return { url: SDK_URL, format: 'module', shortCircuit: true }
      const importer = modules.get(context.parentURL ?? '')
      // Packages, which do not change, are not loaded anew.
      if (importer === undefined || !specifier.startsWith('.')) return nextResolve(specifier, context)
      const module = { ...importer, file: fileURLToPath(new URL(specifier, pathToFileURL(importer.file))) }
      // Before it is loaded: what changes in between counts as changed later.
      note(module)
      const resolved = nextResolve(specifier, context)
      return { ...resolved, url: register(resolved.url, module) }
    },
    load(url, context, nextLoad) {
      return url === SDK_URL ? { format: 'module', shortCircuit: true, source } : nextLoad(url, context)
    },
  })
}

function note({ file, files }: LoadedModule): void {
  if (!files.has(file)) files.set(file, digestNow(file))
}

/** Gives the module an address of its own. */
function register(address: string, module: LoadedModule): string {
  if (!address.startsWith('file:')) return address
  const url = new URL(address)
  url.searchParams.set(GENERATION, module.generation)
  modules.set(url.href, module)
  return url.href
}

function digestNow(file: string): string | null {
  try {
    return digestOf(readFileSync(file))
  } catch {
    return null
  }
}

const ADDRESS = new RegExp(`file:[^\\s()]*[?&]${GENERATION}=\\d+`, 'g')

/** The extension whose code is in a stack: by the address of its module, which links do not change. */
export function ownerIn(stack: string): string | null {
  for (const [address] of stack.matchAll(ADDRESS)) {
    const module = modules.get(address)
    if (module !== undefined) return module.owner
  }
  return null
}

let generations = 0

/** Runs the code of the extension of this id, TypeScript as it is. */
export function importExtension(file: string, owner: string): LoadedCode {
  install()
  const files = new Map<string, string | null>()
  const module = { file, owner, generation: String(++generations), files }
  note(module)
  return { module: load(file, module), files }
}

/**
 * Not by promises of node:fs: what throws in process.nextTick within what such a promise goes on with is lost without a word (Node
 * 26.10), and extensions may do that in their start.
 */
async function load(file: string, module: LoadedModule): Promise<unknown> {
  // Where links lead to, as Node names it when the module imports others.
  const address = register(pathToFileURL(realpathSync(file)).href, module)
  return import(/* @vite-ignore */ address)
}
