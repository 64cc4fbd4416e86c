// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { canTest, isOnPath } from './tools.ts'

/** What Debian's package is called, and what others call it. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome']
const MQTT_JS = join(import.meta.dirname, '../../node_modules/mqtt/dist/mqtt.min.js')

const name = NAMES.find((candidate) => isOnPath(candidate))

export const canTestChromium: boolean = canTest('Chromium', name !== undefined, 'apt-get install chromium')

/** A browser of this machine, without a window. */
export async function launchChromium(): Promise<Browser> {
  if (name === undefined) throw new Error('There is no Chromium, which this test is about: apt-get install chromium')
  const executablePath = spawnSync('which', [name], { encoding: 'utf8' }).stdout.trim()
  // Containers have no user namespaces for its sandbox; the certificates are those of the fixtures.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--ignore-certificate-errors'] })
}

/** A page with MQTT.js. */
export async function openPage(browser: Browser): Promise<Page> {
  const page = await browser.newPage()
  await page.addScriptTag({ path: MQTT_JS })
  return page
}
