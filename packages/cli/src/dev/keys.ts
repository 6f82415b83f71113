import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generatePrivateKey, isPrivateKey } from '@colonies/identity'
import { UsageError } from '../exit-codes.js'

const roles = ['server', 'colony', 'user', 'executor'] as const

/** Private keys of the development colony, by who holds them. */
export type DevKeys = Record<(typeof roles)[number], string>

/** Keys that are set in the environment are used instead of those in the folder. */
const variables = {
  server: 'COLONIES_SERVER_PRVKEY',
  colony: 'COLONIES_COLONY_PRVKEY',
  user: 'COLONIES_PRVKEY',
  executor: 'COLONIES_EXECUTOR_PRVKEY',
} as const

/** The keys of a folder, made at the first start. Only their owner may read the file. @throws UsageError */
export function devKeys(folder: string, env: Readonly<Record<string, string | undefined>>): DevKeys {
  const file = join(folder, 'keys.json')
  const kept = readKeys(file)
  const made = Object.fromEntries(roles.map((role) => [role, kept[role] ?? generatePrivateKey()])) as DevKeys
  if (roles.some((role) => kept[role] === undefined)) writeKeys(folder, file, made)
  return Object.fromEntries(roles.map((role) => [role, fromEnvironment(env, role) ?? made[role]])) as DevKeys
}

function fromEnvironment(env: Readonly<Record<string, string | undefined>>, role: keyof DevKeys): string | undefined {
  const value = env[variables[role]]?.trim()
  if (value && !isPrivateKey(value))
    throw new UsageError(`${variables[role]} holds no private key: that is 64 hex digits.`)
  return value || undefined
}

function readKeys(file: string): Partial<DevKeys> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new UsageError(`The keys in ${file} cannot be read: ${(error as Error).message}.`, { cause: error })
  }
  try {
    return JSON.parse(text) as Partial<DevKeys>
  } catch (error) {
    throw new UsageError(`The keys in ${file} are broken; move the file away to start with new ones.`, { cause: error })
  }
}

function writeKeys(folder: string, file: string, keys: DevKeys): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 })
  chmodSync(draft, 0o600)
  renameSync(draft, file)
}
