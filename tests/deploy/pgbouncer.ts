import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseConfig } from '@colonies/database'
import { endOf } from '../chaos/stage/child.js'
import { freePort } from '../chaos/stage/free-port.js'
import { within } from '../chaos/within.js'
import { deployFolder, replaceAll } from './given-files.js'

/** Debian puts it where only root's path leads. */
const program = '/usr/sbin/pgbouncer'

const READY_MS_MAX = 20_000

export interface PgBouncer {
  /** To use instead of that of the server. */
  readonly port: number
  stop(): Promise<void>
}

/**
 * PgBouncer in transaction mode, with the configuration that is given away; only addresses are others, and few connections,
 * so that each transaction gets another one.
 */
export async function startPgBouncer(server: DatabaseConfig): Promise<PgBouncer> {
  const folder = await mkdtemp(join(tmpdir(), 'colonies-pgbouncer-'))
  const port = await freePort()
  const userlist = join(folder, 'userlist.txt')
  const config = replaceAll(await readFile(join(deployFolder, 'pgbouncer/pgbouncer.ini'), 'utf8'), {
    'colonies = host=10.0.0.20 port=5432': `* = host=${server.host} port=${server.port}`,
    'listen_port = 6432': `listen_port = ${port}\nunix_socket_dir =`,
    '/etc/pgbouncer/userlist.txt': userlist,
    'default_pool_size = 40': 'default_pool_size = 4',
    'max_client_conn = 1000': 'max_client_conn = 100', // more files than a test may open
  })
  await writeFile(userlist, `"${server.user}" "${server.password}"\n`)
  const file = join(folder, 'pgbouncer.ini')
  await writeFile(file, config)
  await chmod(folder, 0o755)
  const child = spawn(program, [...(process.getuid?.() === 0 ? ['-u', 'nobody'] : []), file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const stop = async () => {
    await kill(child)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await within(READY_MS_MAX, 'pgbouncer', untilReady(child))
  } catch (error) {
    await stop()
    throw error
  }
  return { port, stop }
}

function untilReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4000)
      if (said.includes('process up')) resolve()
    })
    child.once('error', (cause) => reject(new Error('pgbouncer is missing: apt-get install pgbouncer', { cause })))
    child.once('exit', (code) => reject(new Error(`pgbouncer ended with ${code}: ${said}`)))
  })
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || endOf(child) !== undefined) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}
