// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { runCommand } from './run-command.ts'

async function run(...args: string[]): Promise<[number | null, string, string]> {
  let output = ''
  let errors = ''
  const exitCode = await runCommand(['hash-password', ...args], {
    environment: {},
    defaultHome: '/',
    workingFolder: '/',
    write: (text) => (output += text),
    writeError: (text) => (errors += text),
  })
  return [exitCode, output, errors]
}

describe('waggle hash-password', () => {
  // Made with HiveMQ's own tool.
  it.each([
    [
      ['-p', 'secret', '-s', '0123456789abcdef0123456789abcdef'],
      'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=:100:26ycVqpTOpOz6KFUG+SyG7ADJpBUFWQfqxhSAq60sw5UduJ/JTuBe1iRw6s0aU+vA6hVSuHtz6J5REe7P3yJbg==',
    ],
    [
      ['--password', 'secret', '--salt', 'salt', '--iterations', '10000'],
      'c2FsdA==:10000:oBOH1nACl0EGg+M7w4h6UqFrh7B4r0MQIMCEHyhfWDtAAzDX2cQYL8FSvjQdgCbQsvnXIGRKZM0PVik/Qe89Uw==',
    ],
    [
      ['-p', 'pässwörd', '-s', 'salt', '-i', '1'],
      'c2FsdA==:1:hi3v8jkIEPHNAV2uNRoZ5soPOv8EnkhX3kK/FszlXrgSxvr1JLLInlu2TwH8Alg4N1txffBF6KRKDW2yQkp7aw==',
    ],
  ])('makes what HiveMQ makes: %j', async (args, hash) => {
    expect(await run(...args, '-q')).toEqual([0, `${hash}\n`, ''])
    const [exitCode, output] = await run(...args)
    expect([exitCode, output.split('\n').slice(1)]).toEqual([0, ['-'.repeat(76), hash, '']])
  })

  it('takes a salt of 32 letters and digits, another one each time', async () => {
    const [, first] = await run('-p', 'secret', '-q')
    const [, second] = await run('-p', 'secret', '-q')
    expect(Buffer.from(first.split(':')[0]!, 'base64').toString()).toMatch(/^[A-Za-z0-9]{32}$/)
    expect(second).not.toBe(first)
  })

  it.each([
    [[], 'The password is missing: -p', true],
    [['-p'], '-p: found nothing, expected a value behind it', true],
    [['--password=secret'], 'Found an unknown option', true],
    [['-p', 'secret', 'more'], 'Found an unknown option', true],
    [['-p', 'secret', '-i', 'many'], '-i: found "many", expected a whole number', true],
    [['-p', ''], 'The password is empty', false],
    [['-p', 'secret', '-i', '0'], 'There must be at least one iteration', false],
    [['-p', 'secret', '-i', '-5'], 'There must be at least one iteration', false],
  ])('says what is wrong, and never the password: %j', async (args, problem, hasUsage) => {
    const [exitCode, output, errors] = await run(...args)
    expect([exitCode, errors]).toEqual([1, `${problem}\n`])
    expect(output.startsWith('usage: ')).toBe(hasUsage)
    expect(output + errors).not.toContain('secret')
  })

  it('has a help', async () => {
    expect(await run('-p', 'x', '--help')).toEqual([0, expect.stringContaining('--iterations'), ''])
  })
})
