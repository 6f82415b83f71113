import { execFile } from 'node:child_process'
import { readdir, readFile, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

/** A setting of no meaning to PostgreSQL: who started it, where everybody can see it. */
export const OWNER_SETTING = 'colonies.owner_pid'

/** A process of a PostgreSQL server. */
interface ServerProcess {
  pid: number
  parent: number
  command: string
}

/** How long an orphan may take to notice that it is one, then to obey each signal. */
const NOTICE_MS = 1_000
const OBEY_MS = 10_000
const POLL_MS = 20

/**
 * Makes sure that no server works on this folder: waits for one whose owner was killed, and ends it when it stays.
 *
 * @throws Error that names the owner, when it lives
 */
export async function endLeftovers(clusterDir: string, log: (line: string) => void): Promise<void> {
  await refuseOwned(clusterDir)
  if (await allGone(clusterDir, NOTICE_MS)) return forgetForeignPid(clusterDir)
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    const processes = await listProcesses(clusterDir)
    const first = processes.filter(({ command }) => ownerIn(command) > 0)
    // The first process ends all others in order. Without it they end by themselves, as soon as they notice: not those that
    // wait for a lock of one that is gone. SIGQUIT is the only signal that means the same to each kind of them.
    if (signal === 'SIGINT' && first.length === 0) continue
    const pids = (first.length > 0 ? first : processes).map(({ pid }) => pid)
    if (pids.length > 0) log(`Ending PostgreSQL ${pids.join(', ')}, whose owner was killed (${signal}).`)
    for (const pid of pids) kill(pid, signal)
    if (await allGone(clusterDir, OBEY_MS)) return forgetForeignPid(clusterDir)
  }
  const [first] = await listProcesses(clusterDir)
  if (first) throw new Error(`PostgreSQL ${first.pid} still works on ${clusterDir} and does not end. End it first.`)
}

/** The owner is whoever started the server and is still its parent; an orphan gets another parent. */
export async function findOwned(clusterDir: string): Promise<{ owner: number; pid: number } | undefined> {
  const processes = await listProcesses(clusterDir)
  const owned = processes.find(({ parent, command }) => ownerIn(command) === parent)
  return owned && { owner: owned.parent, pid: owned.pid }
}

async function refuseOwned(clusterDir: string): Promise<void> {
  const owned = await findOwned(clusterDir)
  if (!owned) return
  throw new Error(
    `The database in ${clusterDir} is in use by process ${owned.owner} (its PostgreSQL is process ${owned.pid}). ` +
      'Stop that one first, or choose another folder with COLONIES_DATA_DIR.',
  )
}

/** 0 in the processes that the server itself started. */
function ownerIn(command: string): number {
  return Number(new RegExp(`${OWNER_SETTING}=(\\d+)`).exec(command)?.[1] ?? 0)
}

async function allGone(clusterDir: string, withinMs: number): Promise<boolean> {
  for (const end = Date.now() + withinMs; ; await sleep(POLL_MS)) {
    if ((await listProcesses(clusterDir)).length === 0) return true
    if (Date.now() > end) return false
  }
}

/**
 * After a restart of a machine or container, another program may have the number that the lock file names; PostgreSQL
 * would then refuse to start for ever. Only where we can see that nobody works in the folder.
 */
async function forgetForeignPid(clusterDir: string): Promise<void> {
  if (process.platform !== 'linux') return
  const file = join(clusterDir, 'postmaster.pid')
  const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0])
  if (pid > 0 && isAlive(pid)) await unlink(file)
}

/** False when there is no such process. */
export function isAlive(pid: number): boolean {
  return kill(pid, 0)
}

/** False when there is no such process; true also when it is not ours to signal. */
function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** On Linux all processes of the server, as each of them works in its folder; elsewhere the first one. */
async function listProcesses(clusterDir: string): Promise<ServerProcess[]> {
  if (process.platform !== 'linux') return listByCommand(clusterDir)
  const folder = await stat(clusterDir).catch(() => undefined)
  if (!folder) return []
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0)
  const found = await Promise.all(pids.map((pid) => inspect(pid, folder).catch(() => undefined)))
  return found.filter((one) => one !== undefined)
}

async function inspect(pid: number, folder: { dev: number; ino: number }): Promise<ServerProcess | undefined> {
  const cwd = await stat(`/proc/${pid}/cwd`)
  if (cwd.dev !== folder.dev || cwd.ino !== folder.ino) return undefined
  const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ')
  // A shell of somebody who looks around in the folder is none of ours.
  if (!command.includes('postgres')) return undefined
  // "pid (name) state parent ...", where the name may hold anything.
  const parent = Number((await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ').at(-1)?.split(' ')[1])
  return { pid, parent, command }
}

async function listByCommand(clusterDir: string): Promise<ServerProcess[]> {
  const { stdout } = await promisify(execFile)('ps', ['-axww', '-o', 'pid=,ppid=,command='])
  return stdout
    .split('\n')
    .filter((line) => line.includes(`postgres -D ${clusterDir} `))
    .map((line) => {
      const [pid, parent, ...command] = line.trim().split(/\s+/)
      return { pid: Number(pid), parent: Number(parent), command: command.join(' ') }
    })
}
