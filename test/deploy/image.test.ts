// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { residentBytes } from '../../bench/process-usage.ts'
import { DOCKERFILE, instructionsOf, readImage } from '../support/deploy/dockerfile.ts'
import { buildImageRoot, ImageContainer, lackForImage } from '../support/deploy/image-container.ts'
import { layOutPod, POD_USER } from '../support/deploy/pod.ts'
import { tool } from '../support/deploy/tools.ts'
import { canTest } from '../support/tools.ts'

// What is in the image runs in the rehearsal of UMH, `npm run test:umh`, without Docker. Here stands what keeps the image and
// the rehearsal from drifting apart, and what it takes; `npm run bench:envelope` measures that with limits and clients.

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

const lack = lackForImage()

describe.runIf(canTest('What runs the image', lack === null, `it lacks ${lack}`))('the image', () => {
  let folder!: string
  let root!: string

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'waggle-image-'))
    root = join(folder, 'root')
    buildImageRoot(root)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('is small, and runs as any user with a read-only root and a volume for its data', async () => {
    const size = execFileSync('du', ['--summarize', '--bytes', root], { encoding: 'utf8' })
    expect(Number.parseInt(size, 10)).toBeLessThan(150e6)

    mkdirSync(join(folder, 'pod'))
    const { mounts, port, heartbeatPort } = await layOutPod(join(folder, 'pod'))
    await using container = new ImageContainer(root, { mounts, user: POD_USER })
    await container.waitForHeartbeat(heartbeatPort)
    // 97 MB in the limits of a pod; with other work around it garbage is collected at other times.
    expect(residentBytes(container.pid)).toBeLessThan(120e6)
    expect(readFileSync(`/proc/${container.pid}/status`, 'utf8')).toMatch(new RegExp(`^Uid:\\s+${POD_USER}\\s`, 'm'))
    const client = await connectAsync({ port, host: '127.0.0.1', clientId: 'image' })
    await client.publishAsync('image', 'm', { qos: 1, retain: true })
    await client.endAsync()
    expect(existsSync(join(folder, 'pod/data/waggle'))).toBe(true)
    expect(await container.stop()).toBe(0)
    // Log files are left out where they cannot be written; the console has it all.
    const complaints = container.log.split('\n').filter((line) => / (?:WARN|ERROR) |ERROR!/.test(line))
    expect(complaints).toEqual([
      expect.stringContaining('There are no log files, only the console: EROFS'),
      expect.stringContaining('This deployment is not secure!'),
    ])
  })

  it('does as root nothing to what links in a volume lead to', () => {
    const extension = join(root, 'opt/hivemq-ce-2024.1/extensions/hivemq-file-rbac-extension')
    mkdirSync(extension)
    mkdirSync(join(root, 'configs'))
    writeFileSync(join(root, 'configs/credentials.xml'), '<file-rbac/>')
    symlinkSync('/etc', join(extension, 'credentials-archive'))
    symlinkSync('/etc/passwd', join(extension, 'credentials.xml'))
    symlinkSync('/etc/planted', join(extension, 'hivemq-extension.xml'))
    const { status, stderr } = spawnSync(
      'chroot',
      [root, ...readImage().entrypoint, ...readImage().command, '--help'],
      {
        env: {
          ...readImage().env,
          PATH: '/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin',
          HIVEMQ_ALLOW_ALL_CLIENTS: 'false',
        },
        encoding: 'utf8',
      },
    )
    expect([status, stderr]).toEqual([0, ''])
    expect(statSync(join(root, 'etc')).uid).toBe(0)
    expect(readdirSync(join(root, 'etc'))).toEqual(['group', 'passwd'])
    expect(readFileSync(join(root, 'etc/passwd'), 'utf8')).toMatch(/^root:x:0:0:/)
  })
})
