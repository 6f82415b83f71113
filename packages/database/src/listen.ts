import { setTimeout as sleep } from 'node:timers/promises'
import { Client, escapeIdentifier } from 'pg'
import { connectionOptions, type Database, type DatabaseConfig } from './connect.js'
import { sql } from './sql.js'

/** One connection that hears one channel until it is closed. */
export interface Listener {
  /** Resolves when the connection has ended; nothing is called afterwards. */
  close(): Promise<void>
}

const BACKOFF_MS_MAX = 2_000
/** How often a silent connection proves that somebody is at its other end, and how long it may take. */
const PING_MS = 30_000
const PING_TIMEOUT_MS = 10_000

/**
 * Listens for hints of other replicas. Messages sent while there is no connection are lost, so they may only shorten a
 * wait for something that is also looked up from time to time.
 *
 * @param onListening called each time listening has started, also the first: look once for what came before
 */
export function createListener(
  config: DatabaseConfig,
  channel: string,
  onMessage: (payload: string) => void,
  onListening: () => void,
): Listener {
  const stop = new AbortController()

  async function keepListening(): Promise<void> {
    let failures = 0
    while (!stop.signal.aborted) {
      await listenOnce(config, channel, stop.signal, {
        onMessage,
        onListening: () => {
          failures = 0
          onListening()
        },
      })
      // Random, so that a restarted database does not meet all replicas at once.
      const backoffMs = Math.min(BACKOFF_MS_MAX, 100 * 2 ** failures++) * (0.5 + Math.random() / 2)
      await sleep(backoffMs, undefined, { signal: stop.signal }).catch(() => {})
    }
  }

  const done = keepListening()
  return {
    close: () => {
      stop.abort()
      return done
    },
  }
}

/** Returns when the connection has ended for whatever reason; why does not matter to those who listen. */
async function listenOnce(
  config: DatabaseConfig,
  channel: string,
  stop: AbortSignal,
  { onMessage, onListening }: { onMessage: (payload: string) => void; onListening: () => void },
): Promise<void> {
  const client = new Client({
    ...connectionOptions({ ...config, ...config.listenAt }),
    connectionTimeoutMillis: config.acquireTimeoutMs ?? 5_000,
    query_timeout: PING_TIMEOUT_MS,
  })
  let end = () => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  client.on('error', end)
  client.on('end', end)
  stop.addEventListener('abort', end)
  client.on('notification', ({ payload }) => {
    if (!stop.aborted) onMessage(payload ?? '')
  })
  const ping = setInterval(() => void client.query('select').catch(() => client.end()), PING_MS)
  try {
    await Promise.race([client.connect(), ended])
    if (stop.aborted) return
    await client.query(`listen ${escapeIdentifier(channel)}`)
    if (!stop.aborted) onListening()
    await ended
  } catch {
    // Not reachable, not willing, or gone again: the caller tries once more.
  } finally {
    clearInterval(ping)
    stop.removeEventListener('abort', end)
    // A network that swallows our goodbye holds nobody up.
    await Promise.race([client.end().catch(() => {}), sleep(1_000, undefined, { ref: false })])
  }
}

/**
 * Sends a hint to all listeners of the database. It does not wait for the disk, as a commit does: a hint may get lost. So never in a
 * transaction, whose own commit would not wait either; and PostgreSQL makes all transactions with hints commit one by one.
 *
 * @param payload fewer than 8000 bytes
 */
export async function notify(db: Database, channel: string, payload: string): Promise<void> {
  await db.run(sql`
    select pg_notify(${channel}, ${payload}) from set_config('synchronous_commit', 'off', true)`)
}
