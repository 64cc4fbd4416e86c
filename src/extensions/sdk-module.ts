// SPDX-License-Identifier: Apache-2.0
import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import * as sdk from '../extension-sdk/extension.ts'

const SPECIFIER = 'waggle/extension'
const SDK_URL = 'waggle:extension'
/** Where the module that extensions import finds the broker's own one. */
const SDK_KEY = Symbol.for('waggle.extension')
/** Part of the address of a module: Node loads a module anew only under a new address. */
const GENERATION = 'waggle-generation'

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
      const resolved = nextResolve(specifier, context)
      return { ...resolved, url: withGenerationOf(context.parentURL, resolved.url, specifier) }
    },
    load(url, context, nextLoad) {
      return url === SDK_URL ? { format: 'module', shortCircuit: true, source } : nextLoad(url, context)
    },
  })
}

/** The files of an extension that its code imports are loaded anew with it; packages, which do not change, are not. */
function withGenerationOf(parentUrl: string | undefined, url: string, specifier: string): string {
  if (parentUrl === undefined || !specifier.startsWith('.') || !parentUrl.includes(GENERATION)) return url
  const generation = new URL(parentUrl).searchParams.get(GENERATION)
  if (generation === null || !url.startsWith('file:')) return url
  const withGeneration = new URL(url)
  withGeneration.searchParams.set(GENERATION, generation)
  return withGeneration.href
}

let generations = 0

/** Runs the code of an extension, TypeScript as it is, and returns what its module exports. */
export async function importExtension(file: string): Promise<unknown> {
  install()
  const url = pathToFileURL(file)
  url.searchParams.set(GENERATION, String(++generations))
  return import(/* @vite-ignore */ url.href)
}
