import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Account } from './account.js'
import { asSeenBy } from './cluster.js'
import { OWNER_SETTING } from './server-processes.js'

/** A running PostgreSQL server. */
export interface Postmaster {
  /** Resolves when it has ended, by itself or by `stop`, with how. */
  exited: Promise<string>
  /** Ends sessions, writes everything down, and waits for the end. */
  stop(): Promise<void>
}

export interface PostmasterOptions {
  postgres: string
  account: Account | undefined
  clusterDir: string
  port: number
  settings: Record<string, string>
  log: (line: string) => void
}

/** After a crash the server first repeats up to `max_wal_size` of its log; on a slow disk that takes minutes. */
const READY_MS_MAX = 300_000
const READY_POLL_MS = 10
const STOP_MS_MAX = 20_000
const LAST_LINES = 10

/**
 * Starts the server and waits until it takes connections.
 *
 * It runs in a process group of its own, so that Ctrl-C in a terminal reaches its owner only, which then stops in order. When the
 * owner is killed, a watcher ends it. Neither of them keeps the process of the owner alive.
 *
 * @throws Error with the last lines that PostgreSQL wrote, when it ends instead
 */
export async function startPostmaster(options: PostmasterOptions): Promise<Postmaster> {
  const { postgres, account, clusterDir, log } = options
  const settings = Object.entries({
    ...options.settings,
    port: String(options.port),
    [OWNER_SETTING]: String(process.pid),
  })
  const child = spawn(
    postgres,
    ['-D', asSeenBy(account, clusterDir), ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    {
      ...account,
      cwd: clusterDir,
      detached: true,
      env: { LC_ALL: 'C' },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  const lastLines: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => {
    lastLines.push(line)
    if (lastLines.length > LAST_LINES) lastLines.shift()
    log(line)
  })
  let running = true
  const exited = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.on('exit', (code, signal) => resolve(signal ?? `status ${code}`))
  }).finally(() => {
    running = false
  })
  const closed = new Promise((resolve) => child.on('close', resolve))
  if (child.pid !== undefined) watch(child, account, exited, log)
  child.unref()
  ;(child.stderr as Socket).unref()

  const isReady = async () => {
    // Line 1 is the process, line 8 its state.
    const lines = (await readFile(join(clusterDir, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
    return Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready'
  }
  const postmaster = { exited, stop: () => stop(child, exited) }
  for (const end = Date.now() + READY_MS_MAX; !(await isReady()); await sleep(READY_POLL_MS)) {
    if (!running) {
      // Why it ended may still be in the pipe, which in turn may be held open by a backend that hangs.
      await Promise.race([closed, sleep(1_000)])
      throw new Error(`PostgreSQL did not start (${await exited}): ${lastLines.join(' ')}`)
    }
    if (Date.now() > end) {
      await postmaster.stop()
      throw new Error(`PostgreSQL was not ready after ${READY_MS_MAX / 1000} s: ${lastLines.join(' ')}`)
    }
  }
  return postmaster
}

/** A shell that does nothing until the pipe from us breaks, which it does however we end. */
function watch(
  child: ChildProcess,
  account: Account | undefined,
  exited: Promise<string>,
  log: (line: string) => void,
) {
  const watcher = spawn('/bin/sh', ['-c', 'read -r _; kill -INT "$1"', 'colonies-watcher', String(child.pid)], {
    ...account,
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  watcher.on('error', (error) =>
    log(`PostgreSQL will outlive a kill of this process until the next start: ${error.message}`),
  )
  watcher.stdin.on('error', () => {})
  watcher.unref()
  ;(watcher.stdin as Socket).unref()
  // Before anything else: it must not signal a number that another process may get.
  void exited.then(() => watcher.kill('SIGKILL'))
}

async function stop(child: ChildProcess, exited: Promise<string>): Promise<void> {
  // Fast shutdown; then without writing everything down, which the next start makes up for; then by force.
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    child.kill(signal)
    const abort = new AbortController()
    const late = sleep(STOP_MS_MAX, 'late', { signal: abort.signal }).catch(() => undefined)
    const first = await Promise.race([exited, late])
    abort.abort()
    if (first !== 'late') return
  }
}
