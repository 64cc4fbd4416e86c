// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Description {
  readonly id?: string
  readonly name?: string
  readonly version?: string
  readonly priority?: number
  readonly startPriority?: number
}

/** Writes an extension folder with hivemq-extension.xml and other files, into a folder of such folders. */
export function writeExtension(
  folder: string,
  id: string,
  files: Readonly<Record<string, string>> = {},
  description: Description = {},
): string {
  const path = join(folder, id)
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, 'hivemq-extension.xml'), descriptionXml({ id, ...description }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text)
  return path
}

function descriptionXml({ id, name, version = '1.0.0', priority, startPriority }: Description): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<hivemq-extension>
  <id>${id}</id>
  <name>${name ?? id}</name>
  <version>${version}</version>
  ${priority === undefined ? '' : `<priority>${priority}</priority>`}
  ${startPriority === undefined ? '' : `<start-priority>${startPriority}</start-priority>`}
</hivemq-extension>
`
}

/** What HiveMQ's home ships with. */
export function writeAllowAll(folder: string): void {
  const id = 'hivemq-allow-all-extension'
  if (!existsSync(join(folder, id))) writeExtension(folder, id)
}

/** An extensions folder for one test. */
export class ExtensionFolders implements Disposable {
  readonly folder: string

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'waggle-extensions-'))
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true })
  }
}
