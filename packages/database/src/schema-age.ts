import type { Db } from './db.js'
import type { Migration } from './migrations-folder.js'
import { sql } from './sql.js'

/** A replica that was not heard of for longer is gone, or learns as soon as it wakes up that it is too old. */
const ALIVE_SECONDS = 30

/** The tables have become too new for this code. */
export class SchemaTooNew extends Error {
  override name = 'SchemaTooNew'
}

/**
 * Migrations of newer versions say which replicas they still serve. To be asked at the start, and again from time to time.
 *
 * @param known the newest migration that this code knows
 * @returns the newest migration that ran
 * @throws SchemaTooNew when one that is not known does not serve those who do not know it
 */
export async function requireServed(db: Db, known: number): Promise<number> {
  const row = await db.one<{ newest: number; needed: number }>(sql`
    select coalesce(max(number), 0) as newest, coalesce(max(coalesce(serves, number)), 0) as needed
    from schema_migrations where number > ${known}`)
  if (row && row.needed > known) {
    throw new SchemaTooNew(
      `The database was migrated to ${row.newest} by a newer version of Colonies, and serves versions that know migration ` +
        `${row.needed}; this one knows migrations up to ${known}. Start the newer version, or restore a backup made before it ran.`,
    )
  }
  return Math.max(row?.newest ?? 0, known)
}

interface OldReplica {
  name: string
  host: string
  port: number
  knows: number
}

/**
 * A migration that takes away what older replicas use runs when they are gone.
 *
 * @throws Error that names those that are alive
 */
export async function requireNobodyOlder(db: Db, { name, serves }: Migration): Promise<void> {
  const told = await db.one(sql`
    select from pg_attribute where attrelid = to_regclass('replicas') and attname = 'knows' and not attisdropped`)
  if (!told) return
  const old = await db.all<OldReplica>(sql`
    select name, host, port, knows from replicas
    where knows < ${serves} and heard_at > now() - make_interval(secs => ${ALIVE_SECONDS}::int)
    order by name, port limit 10`)
  if (old.length === 0) return
  const names = old.map((one) => `${one.name} (${one.host}:${one.port})`).join(', ')
  throw new Error(
    `Migration ${name} needs replicas that know migration ${serves}, and older ones are alive: ${names}. ` +
      'Update these first to the version before this one, or stop them.',
  )
}
