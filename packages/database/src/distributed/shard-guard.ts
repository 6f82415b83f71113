import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { connectionOptions, type DatabaseConfig } from '../connect.js'

/**
 * Distributed as all tables with colonies are, and empty: whoever moves shards first takes a lock on each table that moves with
 * them, and has to wait for those who hold this one.
 */
export const GUARD = 'shard_guard'

const BACKOFF_MS_MAX = 2_000

export interface ShardGuard {
  /** Lets shards be moved. */
  release(): Promise<void>
}

/**
 * Keeps shards where they are for as long as this process sends statements straight to them: Citus would not know of these, and
 * what they write to a shard that is being moved would be lost. A connection that breaks is made anew.
 *
 * @param onHeld called each time the lock was taken: shards may have been moved before
 * @returns as soon as it is held
 */
export async function holdShards(config: DatabaseConfig, onHeld: () => Promise<void>): Promise<ShardGuard> {
  const stop = new AbortController()
  const held = new Promise<void>((resolve, reject) => {
    void keepHolding(config, { stop: stop.signal, onHeld, resolve, reject })
  })
  await held
  return {
    async release() {
      stop.abort()
    },
  }
}

interface Holding {
  stop: AbortSignal
  onHeld(): Promise<void>
  resolve(): void
  /** Of the first time only; later ones are tried again. */
  reject(error: unknown): void
}

async function keepHolding(config: DatabaseConfig, { stop, onHeld, resolve, reject }: Holding): Promise<void> {
  for (let failures = 0; !stop.aborted; ) {
    try {
      await holdOnce(config, stop, async () => {
        await onHeld()
        failures = 0
        resolve()
      })
    } catch (error) {
      reject(error) // of no effect once it was held
      failures += 1
    }
    const backoffMs = Math.min(BACKOFF_MS_MAX, 100 * 2 ** failures) * (0.5 + Math.random() / 2)
    await sleep(backoffMs, undefined, { signal: stop }).catch(() => {})
  }
}

/** Returns when the connection has ended, or nobody needs it any more. */
async function holdOnce(config: DatabaseConfig, stop: AbortSignal, onHeld: () => Promise<void>): Promise<void> {
  const client = new Client({ ...connectionOptions({ ...config, ...config.listenAt }), connectionTimeoutMillis: 5_000 })
  let end = () => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  client.on('error', end)
  client.on('end', end)
  stop.addEventListener('abort', end)
  try {
    await client.connect()
    // An open transaction without a snapshot: nobody's rows are kept for it.
    await client.query('set idle_in_transaction_session_timeout = 0; begin')
    await client.query(`lock table only ${GUARD} in share mode`)
    await onHeld()
    await ended
  } finally {
    stop.removeEventListener('abort', end)
    void client.end().catch(() => {}) // nobody waits for a goodbye that may not arrive
  }
}
