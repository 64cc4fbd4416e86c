// SPDX-License-Identifier: Apache-2.0
import { pbkdf2Sync, randomInt } from 'node:crypto'
import type { CommandContext } from './command-context.ts'

// In place of the tool in the jar of HiveMQ's File RBAC extension: the same options, output and exit codes.

const HASH_BYTES = 64
const DEFAULT_ITERATIONS = 100
const SALT_LENGTH = 32
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const LINE = '-'.repeat(76)

const USAGE = `usage: waggle hash-password -p PASSWORD [-s SALT] [-i ITERATIONS] [-q]
  -p, --password PASSWORD      what the client sends
  -s, --salt SALT              text; ${SALT_LENGTH} random letters and digits unless given
  -i, --iterations ITERATIONS  ${DEFAULT_ITERATIONS} unless given; more make a stolen file harder to use, and each login slower
  -q                           only the hash
      --help                   this text
`

interface Options {
  password: string | null
  salt: string | null
  iterations: number
  isQuiet: boolean
}

/** Prints the password as credentials.xml stores it: `base64(salt):iterations:base64(hash)`. */
export function hashPassword(args: readonly string[], { write, writeError }: CommandContext): number {
  if (args.includes('--help')) {
    write(USAGE)
    return 0
  }
  const options = parse(args)
  if (typeof options === 'string' || options.password === null) {
    writeError(`${typeof options === 'string' ? options : 'The password is missing: -p'}\n`)
    write(USAGE)
    return 1
  }
  const { password, iterations, isQuiet } = options
  if (password === '' || iterations < 1) {
    writeError(password === '' ? 'The password is empty\n' : 'There must be at least one iteration\n')
    return 1
  }
  const text = storedPassword(password, options.salt ?? randomSalt(), iterations)
  write(isQuiet ? `${text}\n` : `Put this into <password> of the user in credentials.xml:\n${LINE}\n${text}\n`)
  return 0
}

/** The salt is text, as in HiveMQ's tool: its bytes are what is hashed. */
export function storedPassword(password: string, salt: string, iterations: number): string {
  const hash = pbkdf2Sync(password, salt, iterations, HASH_BYTES, 'sha512')
  return `${Buffer.from(salt).toString('base64')}:${iterations}:${hash.toString('base64')}`
}

/** The options, or what is wrong with them. */
function parse(args: readonly string[]): Options | string {
  const options: Options = { password: null, salt: null, iterations: DEFAULT_ITERATIONS, isQuiet: false }
  for (let i = 0; i < args.length; i++) {
    const name = args[i]!
    if (name === '-q') {
      options.isQuiet = true
      continue
    }
    // Not even its beginning is repeated: it may be a password.
    if (!['-p', '--password', '-s', '--salt', '-i', '--iterations'].includes(name)) return 'Found an unknown option'
    const value = args[++i]
    if (value === undefined) return `${name}: found nothing, expected a value behind it`
    if (name === '-p' || name === '--password') options.password = value
    else if (name === '-s' || name === '--salt') options.salt = value
    else if (/^-?\d{1,9}$/.test(value)) options.iterations = Number(value)
    else return `${name}: found ${JSON.stringify(value)}, expected a whole number`
  }
  return options
}

function randomSalt(): string {
  return Array.from({ length: SALT_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
}
