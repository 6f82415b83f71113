import { execFile } from 'node:child_process'
import { chmod, chown, copyFile, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  connect,
  type Database,
  type DatabaseConfig,
  ensureDatabase,
  isConnectionFailure,
  sql,
} from '@colonies/database'
import { freePort } from '../chaos/stage/free-port.js'
import { deployFolder } from './given-files.js'

const run = promisify(execFile)
const given = join(deployFolder, 'backup/pitr.sh')

export interface Restored {
  db: Database
  config: DatabaseConfig
}

export interface Source {
  /** The folder with the archive. */
  wal: string
  /** As the script takes it. */
  target: string
}

/** PostgreSQL of Debian with an archive, backed up and restored by the script that is given away. */
export class BackupCluster {
  readonly #folder: string
  readonly #bin: string
  readonly #running = new Map<string, number>()

  private constructor(folder: string, bin: string) {
    this.#folder = folder
    this.#bin = bin
  }

  static async make(): Promise<BackupCluster> {
    const [version] = (await readdir('/usr/lib/postgresql').catch(() => [])).sort((a, b) => Number(b) - Number(a))
    if (!version) throw new Error('PostgreSQL is missing: apt-get install postgresql')
    const folder = await mkdtemp(join(tmpdir(), 'colonies-backup-'))
    await chmod(folder, 0o755)
    const cluster = new BackupCluster(folder, `/usr/lib/postgresql/${version}/bin`)
    await cluster.#own(folder)
    await copyFile(given, cluster.#script) // the user of PostgreSQL may not get to where these sources are
    await cluster.#as('mkdir', [cluster.#path('wal'), cluster.#path('bases')])
    return cluster
  }

  /** The server that is backed up. Its archive is the folder `wal`. */
  async startFirst(): Promise<DatabaseConfig> {
    const data = this.#path('first')
    await this.#as(join(this.#bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C'])
    const settings = [
      'archive_mode = on',
      `archive_command = '${this.#archiveInto('wal')}'`,
      "unix_socket_directories = ''",
      'shared_buffers = 32MB',
    ]
    const file = join(data, 'postgresql.conf')
    await writeFile(file, `${await readFile(file, 'utf8')}\n${settings.join('\n')}\n`)
    const config = await this.#start('first')
    await ensureDatabase(config)
    return config
  }

  /** @returns the folder of a checked base backup */
  async base(name = 'first'): Promise<string> {
    const { stdout } = await this.#as(this.#script, ['base', this.#path('bases')], this.#env(name))
    return stdout.trim()
  }

  /** Gives a restored server an archive of its own, the folder `wal`, and starts it anew. */
  async archiveAnew(name: string, wal: string): Promise<DatabaseConfig> {
    await this.#as('mkdir', [this.#path(wal)])
    const settings = [
      `alter system set archive_command = '${this.#archiveInto(wal)}'`,
      'alter system reset archive_mode',
    ]
    for (const setting of settings) await this.#as(join(this.#bin, 'psql'), ['-c', setting], this.#env(name))
    await this.#stop(name)
    return this.#start(name)
  }

  /** Makes a data folder, which nobody starts. @param from the archive, as seen from the folder of all of this */
  makeData(base: string, name: string, from: Source): Promise<unknown> {
    return this.#as(this.#script, ['restore', base, from.wal, this.#path(name), from.target])
  }

  /** Restores into a new server. */
  async restore(base: string, name: string, from: Source): Promise<Restored> {
    await this.makeData(base, name, from)
    return this.startRestored(name)
  }

  async startRestored(name: string): Promise<Restored> {
    const config = await this.#start(name)
    const db = connect(config)
    // While it reads the archive it is a standby, which our connections refuse.
    for (const end = Date.now() + 30_000; ; ) {
      const refusal = await db.run(sql`select`).then(
        () => undefined,
        (error: unknown) => error,
      )
      if (refusal === undefined) return { db, config }
      if (!isConnectionFailure(refusal) || Date.now() > end) throw refusal
      // sleeps: the end of recovery has no event
      await new Promise((next) => setTimeout(next, 100))
    }
  }

  /** Away, or back, as a disk that is not mounted. */
  move(from: string, to: string): Promise<void> {
    return rename(this.#path(from), this.#path(to))
  }

  /** @param env instead of what leads to the server */
  fence(name: string, env: Record<string, string> = {}): Promise<unknown> {
    return this.#as(this.#script, ['fence', '1'], { ...this.#env(name), ...env })
  }

  async remove(): Promise<void> {
    for (const name of this.#running.keys()) await this.#stop(name)
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #stop(name: string): Promise<void> {
    await this.#as(join(this.#bin, 'pg_ctl'), ['-D', this.#path(name), '-m', 'immediate', 'stop'])
    this.#running.delete(name)
  }

  async #start(name: string): Promise<DatabaseConfig> {
    const port = await freePort()
    const options = `-p ${port} -c listen_addresses=127.0.0.1 -c fsync=off`
    const log = this.#path(`${name}.log`)
    await this.#as(join(this.#bin, 'pg_ctl'), ['-D', this.#path(name), '-w', '-l', log, '-o', options, 'start'])
    this.#running.set(name, port)
    return { host: '127.0.0.1', port, user: 'postgres', password: '', database: 'colonies' }
  }

  #env(name: string): Record<string, string> {
    const port = String(this.#running.get(name))
    return { PGHOST: '127.0.0.1', PGPORT: port, PGUSER: 'postgres', PGDATABASE: 'colonies' }
  }

  /** PostgreSQL does not run as root. */
  #as(program: string, args: readonly string[], env: Record<string, string> = {}) {
    const options = { cwd: this.#folder, env: { ...process.env, ...env } }
    if (process.getuid?.() !== 0) return run(program, [...args], options)
    return run('setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', program, ...args], options)
  }

  async #own(path: string): Promise<void> {
    if (process.getuid?.() !== 0) return
    const { stdout } = await run('id', ['-u', 'postgres'])
    await chown(path, Number(stdout), -1)
  }

  #archiveInto(wal: string): string {
    return `${this.#script} archive %p %f ${this.#path(wal)}`
  }

  get #script(): string {
    return this.#path('pitr.sh')
  }

  #path(name: string): string {
    return join(this.#folder, name)
  }
}
