import { execFile } from 'node:child_process'
import { chmod, chown, copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
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
import { deployFolder, freePort } from './given-files.js'

const run = promisify(execFile)
const given = join(deployFolder, 'backup/pitr.sh')

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

  /** The server that is backed up. */
  async startFirst(): Promise<DatabaseConfig> {
    const data = this.#path('first')
    await this.#as(join(this.#bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C'])
    const settings = [
      'archive_mode = on',
      `archive_command = '${this.#script} archive %p %f ${this.#path('wal')}'`,
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

  /** Restores into a new server. @param target as the script takes it */
  async restore(base: string, name: string, target: string): Promise<{ db: Database; config: DatabaseConfig }> {
    await this.#as(this.#script, ['restore', base, this.#path('wal'), this.#path(name), target])
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

  fence(name: string): Promise<unknown> {
    return this.#as(this.#script, ['fence'], this.#env(name))
  }

  async remove(): Promise<void> {
    for (const name of this.#running.keys())
      await this.#as(join(this.#bin, 'pg_ctl'), ['-D', this.#path(name), '-m', 'immediate', 'stop'])
    await rm(this.#folder, { recursive: true, force: true })
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

  get #script(): string {
    return this.#path('pitr.sh')
  }

  #path(name: string): string {
    return join(this.#folder, name)
  }
}
