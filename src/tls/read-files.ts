// SPDX-License-Identifier: Apache-2.0
import { open } from 'node:fs/promises'
import { TlsFault } from './tls-fault.ts'

/** The largest stores and revocation lists that are in use are some MB; a device or a disk image is not read whole. */
const MAX_FILE_BYTES = 16 * 1024 * 1024

/** The contents of each file, or why it cannot be read. */
export async function readFiles(paths: readonly string[]): Promise<Map<string, Buffer | TlsFault>> {
  return new Map(await Promise.all(paths.map(async (path) => [path, await read(path)] as const)))
}

async function read(path: string): Promise<Buffer | TlsFault> {
  try {
    await using file = await open(path)
    const status = await file.stat()
    if (!status.isFile()) return new TlsFault(path, 'this is no file', 'Name the file itself.')
    if (status.size > MAX_FILE_BYTES) {
      return new TlsFault(path, `the file has ${status.size} bytes`, `At most ${MAX_FILE_BYTES} are read.`)
    }
    return await file.readFile()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return new TlsFault(path, 'there is no such file', 'Check the path, and the mounted secret.')
    if (code === 'EACCES') {
      return new TlsFault(
        path,
        'the file may not be read',
        `Give user ${process.getuid?.() ?? '?'} the right to read it.`,
      )
    }
    return new TlsFault(path, `the file cannot be read (${message})`, 'Check the path.')
  }
}
