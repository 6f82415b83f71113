import type { Database } from '@colonies/database'
import { untilCommitsAreFast } from '../measure/commits.js'
import type { Figure, Target } from '../row.js'

/** A replica is quiet twenty seconds after the last request, and V8 collects garbage for 0.16 s within the next forty. */
const UNTIL_REST_MS = 75_000

/** So long is measured. */
const SECONDS = 20

/**
 * After many rows were written: what autovacuum would do within the next minutes, so that it does not do it beside what is measured.
 *
 * @param tables all when left out
 */
export async function settle(db: Database, tables = ''): Promise<void> {
  await db.oneByOne([`vacuum analyze ${tables}`, 'checkpoint'])
  await untilCommitsAreFast(db)
}

/** Resolves when nothing that came before is followed by anything. */
export async function untilRest(target: Target & { db?: Database }): Promise<void> {
  if (target.db) await settle(target.db)
  // sleeps: until what follows on requests is done
  await new Promise((resolve) => setTimeout(resolve, UNTIL_REST_MS))
}

/** Processor time of server and database over that of the wall, while nobody asks for anything. */
export async function coresAtRest(target: Target): Promise<Figure> {
  const before = await target.cpuSeconds()
  // sleeps: for as long as is measured
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1_000))
  const after = await target.cpuSeconds()
  if (!before || !after) return { value: Number.NaN, note: 'its processes are not known: --pids' }
  const server = (after.server - before.server) / SECONDS
  const database = (after.database - before.database) / SECONDS
  return { value: server + database, note: `server ${server.toFixed(4)}, database ${database.toFixed(4)}` }
}
