// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const DOCKERFILE: string = join(import.meta.dirname, '../../../deploy/docker/Dockerfile')

/** What the last stage of a Dockerfile makes of an image: where its files come from, and how it is started. */
export interface Image {
  readonly from: string
  readonly copies: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly workingFolder: string
  readonly ports: readonly number[]
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
}

/** Throws where there is an instruction that the rehearsal would not carry out: the two would not be the same any more. */
export function readImage(file: string = DOCKERFILE): Image {
  const stages = instructionsOf(readFileSync(file, 'utf8'))
  const image = { from: '', copies: [] as string[], env: {}, workingFolder: '/', ports: [] as number[] }
  let entrypoint: readonly string[] = []
  let command: readonly string[] = []
  for (const { word, rest } of stages.slice(stages.findLastIndex((instruction) => instruction.word === 'FROM'))) {
    if (word === 'FROM') image.from = rest
    else if (word === 'COPY') image.copies.push(rest)
    else if (word === 'ENV')
      Object.assign(image.env, Object.fromEntries(rest.split(' ').map((pair) => pair.split('='))))
    else if (word === 'WORKDIR') image.workingFolder = rest
    else if (word === 'EXPOSE') image.ports.push(...rest.split(' ').map(Number))
    else if (word === 'ENTRYPOINT') entrypoint = JSON.parse(rest) as string[]
    else if (word === 'CMD') command = JSON.parse(rest) as string[]
    else throw new Error(`${file}: the rehearsal of UMH knows nothing of ${word} ${rest}`)
  }
  return { ...image, entrypoint, command }
}

export function instructionsOf(text: string): { word: string; rest: string }[] {
  return text
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => ({ word: line.split(' ', 1)[0]!, rest: line.slice(line.indexOf(' ') + 1).trim() }))
}
