import { readFileSync } from 'node:fs'
import { generatePrivateKey, isPrivateKey } from '@colonies/identity'
import { UsageError } from '../exit-codes.js'
import { writePrivateFile } from '../private-file.js'

const roles = ['server', 'colony', 'user', 'executor'] as const

/** Private keys of the development colony, by who holds them. */
export type DevKeys = Record<(typeof roles)[number], string>

/** Keys that are set in the environment are used instead of those in the folder. */
export const keyVariables = {
  server: 'COLONIES_SERVER_PRVKEY',
  colony: 'COLONIES_COLONY_PRVKEY',
  user: 'COLONIES_PRVKEY',
  executor: 'COLONIES_EXECUTOR_PRVKEY',
} as const

/** The keys in a file, made at the first start. Only their owner may read the file. @throws UsageError */
export function devKeys(file: string, env: Readonly<Record<string, string | undefined>>): DevKeys {
  const keys = readKeys(file) ?? makeKeys(file)
  return byRole((role) => fromEnvironment(env, role) ?? keys[role])
}

function fromEnvironment(env: Readonly<Record<string, string | undefined>>, role: keyof DevKeys): string | undefined {
  const value = env[keyVariables[role]]?.trim()
  if (value && !isPrivateKey(value))
    throw new UsageError(`${keyVariables[role]} holds no private key: that is 64 hex digits.`)
  return value || undefined
}

function readKeys(file: string): DevKeys | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw unusable(file, 'read', error)
  }
  const keys = parseKeys(text)
  if (keys === undefined) {
    throw new UsageError(
      `${file} does not hold four private keys: bring it back, or move its folder away to start anew.`,
    )
  }
  return keys
}

/** @returns undefined when that is no file of ours: with other keys, nobody could use the data beside it any more */
function parseKeys(text: string): DevKeys | undefined {
  try {
    const keys = JSON.parse(text) as Readonly<Record<string, unknown>>
    return roles.every((role) => isPrivateKey(String(keys[role]))) ? (keys as DevKeys) : undefined
  } catch {
    return undefined
  }
}

function unusable(file: string, verb: string, error: unknown): UsageError {
  return new UsageError(
    `${file} cannot be ${verb}: ${(error as Error).message}. Choose another folder with --datadir or COLONIES_DATA_DIR.`,
    { cause: error },
  )
}

function makeKeys(file: string): DevKeys {
  const keys = byRole(() => generatePrivateKey())
  try {
    writePrivateFile(file, `${JSON.stringify(keys, null, 2)}\n`)
  } catch (error) {
    throw unusable(file, 'written', error)
  }
  return keys
}

function byRole(keyOf: (role: keyof DevKeys) => string): DevKeys {
  return { server: keyOf('server'), colony: keyOf('colony'), user: keyOf('user'), executor: keyOf('executor') }
}
