import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chown, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from '../make-folder.js'
import type { Account } from './account.js'
import type { Binaries } from './binaries.js'
import { isAlive } from './server-processes.js'

/** One folder: the files of PostgreSQL, and the password that fits them. */
export interface Cluster {
  /** What PostgreSQL calls its data directory. */
  dir: string
  password: string
}

export interface ClusterOptions {
  binaries: Binaries
  account: Account | undefined
  /** False: the files are not forced to the disk when they are made. */
  durable: boolean
}

/** The only login; it may do everything. */
export const LOGIN = 'colonies'

export function clusterDirOf(dataDir: string): string {
  return join(dataDir, 'postgres', 'data')
}

/** The way that programs run under `account` see `dir`: no folder above it needs to let them through. */
export function asSeenBy(account: Account | undefined, dir: string): string {
  // Started with `dir` as working directory, which the kernel enters before it gives up the rights of root. PostgreSQL
  // only uses paths relative to it afterwards, and this name leads there without a walk from `/`. So data below /root
  // or in a folder of mode 0700 works, and nobody's permissions change.
  return account && process.platform === 'linux' ? '/proc/self/cwd' : dir
}

/** Opens the cluster in `dataDir`; makes it first when there is none. */
export async function openCluster(dataDir: string, options: ClusterOptions): Promise<Cluster> {
  try {
    return await openOrMake(dataDir, options)
  } catch (error) {
    const { code = '', syscall, message } = error as NodeJS.ErrnoException
    if (syscall !== 'mkdir' && !['EACCES', 'EPERM', 'EROFS'].includes(code)) throw error
    throw new Error(
      `The database cannot use the folder ${dataDir} (${message}). Start as the account that made it, choose another ` +
        'folder with COLONIES_DATA_DIR, or set COLONIES_DB_HOST to use a PostgreSQL of your own.',
      { cause: error },
    )
  }
}

async function openOrMake(dataDir: string, options: ClusterOptions): Promise<Cluster> {
  const dir = clusterDirOf(dataDir)
  await makeFolder(dataDir, 0o700)
  if (!existsSync(dir)) await makeCluster(dataDir, options)
  const major = Number(await readFile(join(dir, 'PG_VERSION'), 'utf8'))
  if (major !== options.binaries.major) {
    throw new Error(
      `The data in ${dir} was written by PostgreSQL ${major}, and this is PostgreSQL ${options.binaries.major}. ` +
        'Dump it with the version of Colonies that wrote it (pg_dump), then load the dump into a new folder.',
    )
  }
  return { dir, password: (await readFile(passwordFile(join(dataDir, 'postgres')), 'utf8')).trim() }
}

function passwordFile(folder: string): string {
  return join(folder, 'password')
}

/** Complete or not there at all: files and password get their place together, when both are done. */
async function makeCluster(dataDir: string, options: ClusterOptions): Promise<void> {
  const { account } = options
  await removeUnfinished(dataDir)
  const unfinished = join(dataDir, `unfinished-${process.pid}`)
  const data = join(unfinished, 'data')
  try {
    await makeFolder(data, 0o700)
    const password = `${randomBytes(24).toString('base64url')}\n`
    await writeFile(passwordFile(unfinished), password, { mode: 0o600, flush: true })
    if (account) {
      await chown(data, account.uid, account.gid)
      await chown(passwordFile(unfinished), account.uid, account.gid)
    }
    await initdb(data, passwordFile(unfinished), options)
    await syncFolder(unfinished)
    await rename(unfinished, join(dataDir, 'postgres'))
    await syncFolder(dataDir)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    // Another process was first.
    if (!['ENOTEMPTY', 'EEXIST'].includes(String((error as NodeJS.ErrnoException).code))) throw error
  }
}

async function removeUnfinished(dataDir: string): Promise<void> {
  for (const name of await readdir(dataDir)) {
    const pid = Number(/^unfinished-(\d+)$/.exec(name)?.[1])
    const inWork = Number.isNaN(pid) || (pid !== process.pid && isAlive(pid))
    if (!inWork) await rm(join(dataDir, name), { recursive: true, force: true })
  }
}

async function initdb(data: string, password: string, options: ClusterOptions): Promise<void> {
  const { binaries, account, durable } = options
  const args = [
    ...['-D', asSeenBy(account, data), '--username', LOGIN],
    // An open file instead of a path: the account may not be able to walk there.
    '--pwfile=/dev/stdin',
    ...['--auth-local=reject', '--auth-host=scram-sha-256'],
    // The order of PostgreSQL itself: an update of the system's locales cannot break indexes.
    ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    '--no-instructions',
    ...(durable ? [] : ['--no-sync']),
  ]
  const input = await open(password)
  try {
    const child = spawn(binaries.initdb, args, {
      ...account,
      cwd: data,
      env: { LC_ALL: 'C' },
      stdio: [input.fd, 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk).slice(-2000)
    })
    const code = await new Promise<number | string | null>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (status, signal) => resolve(status ?? signal))
    })
    if (code !== 0) throw new Error(`PostgreSQL could not make its files in ${data} (initdb ${code}): ${said.trim()}`)
  } finally {
    await input.close()
  }
}

/** So that a power failure does not undo what was named in it. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
