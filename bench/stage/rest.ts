import type { Database } from '@colonies/database'
import type { Target } from '../row.js'

/** A replica is quiet twenty seconds after the last request, and V8 collects garbage for 0.16 s within the next forty. */
const UNTIL_REST_MS = 75_000

/** Resolves when nothing that came before is followed by anything. */
export async function untilRest(target: Target & { db?: Database }): Promise<void> {
  // What autovacuum would do about the rows of earlier measurements, each minute for minutes.
  await target.db?.oneByOne(['vacuum analyze', 'checkpoint'])
  // sleeps: until what follows on requests is done
  await new Promise((resolve) => setTimeout(resolve, UNTIL_REST_MS))
}
