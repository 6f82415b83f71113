import { readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { UsageError } from './exit-codes.js'
import { writePrivateFile } from './private-file.js'

/** Takes a while to load, and not everybody has profiles. Settings are read without waiting, so this is no `import()`. */
const yaml = () => createRequire(import.meta.url)('yaml') as typeof import('yaml')

/** What a profile may say; the same names as in `settings.ts`. */
export const profileFields = [
  'server',
  'colony',
  'prvkey',
  'colonyprvkey',
  'serverprvkey',
  'executorname',
  'executortype',
] as const
export type Profile = { readonly [Field in (typeof profileFields)[number]]?: string }

export interface Profiles {
  /** Name of the one that is used when none is named. */
  readonly current?: string | undefined
  readonly profiles: Readonly<Record<string, Profile>>
}

/** @returns no profiles when there is no file; @throws UsageError when it cannot be read */
export function readProfiles(file: string): Profiles {
  const text = textOf(file)
  if (text === undefined) return { profiles: {} }
  const content = parseYaml(file, text)
  if (content === null) return { profiles: {} }
  if (!isRecord(content)) throw unreadable(file, 'it must hold `current` and `profiles`')
  const { current, profiles = {} } = content
  if (current !== undefined && typeof current !== 'string')
    throw unreadable(file, '`current` must be the name of a profile')
  if (!isRecord(profiles)) throw unreadable(file, '`profiles` must hold profiles by their names')
  const checked = Object.entries(profiles).map(([name, profile]) => [name, checkProfile(file, name, profile)])
  return { current, profiles: Object.fromEntries(checked) }
}

export function writeProfiles(file: string, profiles: Profiles): void {
  writePrivateFile(file, yaml().stringify(profiles))
}

/** @returns a sentence when others than the owner may read the keys in the file */
export function profilesWarning(file: string): string | undefined {
  if (process.platform === 'win32') return undefined
  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0
  return mode & 0o077 ? `Others may read the keys in ${file}: run chmod 600 ${file}` : undefined
}

function checkProfile(file: string, name: string, profile: unknown): Profile {
  if (!isRecord(profile)) throw unreadable(file, `profile ${name} must hold fields such as server and colony`)
  for (const [field, value] of Object.entries(profile)) {
    const known = profileFields.some((one) => one === field)
    if (!known)
      throw unreadable(file, `profile ${name} has the unknown field "${field}"; known: ${profileFields.join(', ')}`)
    if (typeof value !== 'string')
      throw unreadable(file, `${field} of profile ${name} must be a text; put it in quotes`)
  }
  return profile
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw unreadable(file, (error as Error).message)
  }
}

function parseYaml(file: string, text: string): unknown {
  try {
    return yaml().parse(text)
  } catch (error) {
    throw unreadable(file, (error as Error).message)
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unreadable(file: string, why: string): UsageError {
  return new UsageError(`The profiles in ${file} cannot be read: ${why}.`)
}
