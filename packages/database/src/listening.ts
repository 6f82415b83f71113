import type { Db } from './db.js'
import { type Sql, sql } from './sql.js'

/** Silence after which an executor that sends heartbeats has lost what it holds. */
export const LEASE_SECONDS = 60
/** The migration that older replicas do not know of: they hear heartbeats, but note of no instance that it lives. */
const INSTANCES_SINCE = 17

/** Replicas say every two seconds that they listen. With a longer gap somebody may have called while nobody did. */
const GAP_SECONDS_MAX = 10

/** The last word of a replica is as old as it should be; a clock that was set, in either direction, makes it older or newer. */
const isUnbroken = sql`abs(extract(epoch from now() - w.last_at)) <= ${GAP_SECONDS_MAX}`

/**
 * Says that a replica listens. After a gap, or a step of the clock, the time begins anew from which silence counts; also as
 * long as a replica listens that writes down less than this one.
 *
 * @returns whether it began anew
 */
export async function keepListening(db: Db): Promise<boolean> {
  const row = await db.one<{ anew: boolean }>(sayListening())
  return row?.anew ?? false
}

/** What `keepListening` does, for the heartbeat of replicas. */
export const sayListening = (): Sql => sql`
  insert into listening as w default values
  on conflict (only_row) do update set last_at = now(), since = case
    when ${isUnbroken} and not exists (
      select from replicas where knows < ${INSTANCES_SINCE} and heard_at > now() - interval '30 seconds')
    then w.since else now() end
  returning w.since = now() as anew`

/** Over nothing: replicas have been listening for so long, and still do. Read once by a statement that has it. */
const haveListened = (seconds: number): Sql => sql`
  exists (select from listening w where ${isUnbroken} and w.since <= now() - make_interval(secs => ${seconds}))`

/** Over a time `at`: it is so long ago, and somebody would have heard a sign of life since. */
export const isSilentSince = (at: Sql, seconds: number): Sql =>
  sql`(${at} < now() - make_interval(secs => ${seconds}) and ${haveListened(seconds)})`

/** Over an executor `e`: it may not work (any more), or it sends heartbeats and fell silent. */
export const isLost = (silentSeconds: number): Sql =>
  sql`(e.state <> 1 or (e.leased and ${isSilentSince(sql`e.heartbeat_at`, silentSeconds)}))`
