import type { BlueprintHandler } from './blueprint-definitions.js'
import { databaseTime, deleteCron, findCron, insertCron, type NewCron } from './crons.js'
import type { Db } from './db.js'
import { sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

/** All blueprints of a kind at a location: what one cron has reconciled. */
export interface BlueprintPlace {
  kind: string
  location: string
}

/** Makes the cron of a place; when it runs first is seen to here. */
export type MakeCron = (handler: BlueprintHandler, location: string) => Omit<NewCron, 'next_run'>

/**
 * Makes sure that a place has its cron: of those who add blueprints there at the same time, one makes it. A cron that
 * somebody gave the name of this one is taken for it.
 */
export async function ensureCron(
  tx: Db,
  colony: ColonyKey,
  { handler, location, makeCron }: { handler: BlueprintHandler; location: string; makeCron: MakeCron },
): Promise<void> {
  const { kind } = handler
  // A lock that those who add share, so that only who removes the last blueprint waits for them.
  const known = await tx.one<{ cron_id: string }>(sql`
    select cron_id from reconcile_crons where colony = ${colony} and kind = ${kind} and location = ${location} for share`)
  if (known && (await findCron(tx, colony, known.cron_id))) return
  const nextMs = (await databaseTime(tx)) + handler.interval_seconds * 1000
  const cron = { ...makeCron(handler, location), next_run: new Date(nextMs).toISOString() }
  // Locks the row of the place, or waits for who has it; after a removal of the last blueprint it is a new one.
  const place = await tx.one<{ cron_id: string }>(sql`
    insert into reconcile_crons as r (colony, kind, location, cron_id)
    values (${colony}, ${kind}, ${location}, ${cron.cron_id})
    on conflict (colony, kind, location) do update set cron_id = r.cron_id returning cron_id`)
  if (await findCron(tx, colony, place?.cron_id ?? '')) return
  const cronId = (await insertOrAdopt(tx, colony, cron)) ?? (await insertRenamed(tx, colony, cron))
  await tx.run(sql`
    update reconcile_crons set cron_id = ${cronId}
    where colony = ${colony} and kind = ${kind} and location = ${location} and cron_id <> ${cronId}`)
}

async function insertOrAdopt(tx: Db, colony: ColonyKey, cron: NewCron): Promise<string | undefined> {
  if (await insertCron(tx, colony, cron)) return cron.cron_id
  const namesake = await tx.one<{ cron_id: string }>(sql`
    select cron_id from crons c where c.colony = ${colony} and c.name = ${cron.name}
      and not exists (select 1 from reconcile_crons r where r.colony = ${colony} and r.cron_id = c.cron_id)`)
  return namesake?.cron_id
}

/** The kind `a-b` and the kind `a` at `b` have crons of the same name. */
async function insertRenamed(tx: Db, colony: ColonyKey, cron: NewCron): Promise<string> {
  await insertCron(tx, colony, { ...cron, name: `${cron.name}-${cron.cron_id}` })
  return cron.cron_id
}

/** Removes the cron of a place if no blueprint is left there. */
export async function releaseCron(tx: Db, colony: ColonyKey, { kind, location }: BlueprintPlace): Promise<void> {
  const cron = await tx.one<{ cron_id: string }>(sql`
    select cron_id from reconcile_crons where colony = ${colony} and kind = ${kind} and location = ${location} for update`)
  if (!cron) return
  // Looked at behind the lock: who adds a blueprint here has done so, or waits.
  const left = await tx.one(sql`
    select 1 from blueprints where colony = ${colony} and kind = ${kind} and location = ${location} limit 1`)
  if (left) return
  await tx.run(sql`
    delete from reconcile_crons where colony = ${colony} and kind = ${kind} and location = ${location}`)
  await deleteCron(tx, colony, cron.cron_id)
}
