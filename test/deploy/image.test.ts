// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { DOCKERFILE, instructionsOf, readImage } from '../support/deploy/dockerfile.ts'
import { tool } from '../support/deploy/tools.ts'

// What is in the image runs in the rehearsal of UMH, `npm run test:umh`, without Docker. Here stands what keeps the image and
// the rehearsal from drifting apart.

const FOLDER = join(DOCKERFILE, '..')
const SCRIPTS = ['docker-entrypoint.sh', 'find-home.sh', 'java', 'waggle']

it('is built by the script that the rehearsal runs, out of the packages that it has', () => {
  const build = instructionsOf(readFileSync(DOCKERFILE, 'utf8'))
  expect(build.findLast(({ word }) => word === 'RUN')!.rest).toBe('deploy/docker/build-root.sh /image')
  expect(build.find(({ word }) => word === 'RUN')!.rest).toContain('$(cat deploy/docker/packages)')
  expect(readImage()).toEqual({
    from: 'scratch',
    copies: ['--from=build /image /'],
    env: { HIVEMQ_ALLOW_ALL_CLIENTS: 'true', HIVEMQ_UID: '10000', HIVEMQ_GID: '10000', LANG: 'C.UTF-8' },
    workingFolder: '/opt/hivemq',
    ports: [1883, 8883, 8080, 8443, 9090, 9399],
    entrypoint: ['/opt/docker-entrypoint.sh'],
    command: ['/opt/hivemq/bin/run.sh'],
  })
})

it('has a Dockerfile that hadolint has nothing to say about', () => {
  const { status, stdout, stderr } = spawnSync(tool('hadolint'), [DOCKERFILE], { encoding: 'utf8' })
  expect(stdout + stderr).toBe('')
  expect(status).toBe(0)
})

it('ships scripts that a POSIX shell understands', () => {
  // busybox is what the image has; dash, where it is there, is stricter.
  for (const script of SCRIPTS) execFileSync('busybox', ['sh', '-n', join(FOLDER, script)])
  for (const script of SCRIPTS) {
    expect(readFileSync(join(FOLDER, script), 'utf8')).not.toMatch(/\[\[|\blocal\b|\bfunction\b|<\(/)
  }
})

it('knows an extension by the same file as the chart', () => {
  const chart = readFileSync(join(FOLDER, '../helm/waggle/templates/configmaps.yaml'), 'utf8')
  for (const id of readdirSync(join(FOLDER, 'extensions'))) {
    const xml = readFileSync(join(FOLDER, 'extensions', id, 'hivemq-extension.xml'), 'utf8')
    const [name, priority, startPriority] = ['name', 'priority', 'start-priority'].map(
      (element) => new RegExp(`<${element}>(.*)</${element}>`).exec(xml)![1]!,
    )
    expect(xml).toContain(`<id>${id}</id>`)
    expect(chart).toContain(`(list "${id}" "${name}" ${priority} ${startPriority})`)
  }
})
