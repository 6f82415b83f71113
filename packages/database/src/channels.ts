import { coloniesIn } from './colonies-in.js'
import type { Db } from './db.js'
import { type Sql, sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

/** One channel of one process. */
export interface ChannelName {
  processId: string
  name: string
}

/** One entry as it is read. */
export interface EntryRow {
  position: number
  sender: string
  sequence: bigint
  in_reply_to: bigint
  entry_type: string
  /** Base64; null where none was sent. */
  payload: string | null
  added_at: string
}

const entryColumns = (e: Sql) => sql`${e}.position, ${e}.sender, ${e}.sequence, ${e}.in_reply_to, ${e}.entry_type,
  translate(encode(${e}.payload, 'base64'), chr(10), '') as payload, ${e}.added_at`

/** What decides who may use a channel; the last holder of a process that has ended. */
export interface ChannelStandingRow {
  state: number
  attempt: number
  initiatorId: string
  holder: string | null
  /** Whether the function spec names it. */
  declared: boolean
}

/** How a channel stands; undefined when there is no such process. */
export function findChannel(
  db: Db,
  colony: ColonyKey,
  { processId, name }: ChannelName,
): Promise<ChannelStandingRow | undefined> {
  return db.one<ChannelStandingRow>(sql`
    select coalesce(l.state, r.state) as state, coalesce(l.attempt, r.attempt) as attempt,
      s.initiator_id as "initiatorId", coalesce(l.holder, r.holder) as holder,
      coalesce(s.channels::jsonb ? ${name}, false) as declared
    from process_specs s
    left join live l on l.colony = ${colony} and l.process_id = s.process_id
    left join results r on r.colony = ${colony} and r.process_id = s.process_id
    where s.colony = ${colony} and s.process_id = ${processId} and coalesce(l.state, r.state) is not null`)
}

export interface ChannelRow {
  name: string
  entries: number
  bytes: bigint
  last_at: string | null
}

/** All channels that a process may have, each once, in the order of its function spec. */
export function listChannels(db: Db, colony: ColonyKey, processId: string): Promise<ChannelRow[]> {
  return db.all<ChannelRow>(sql`
    select n.name, coalesce(c.entries, 0) as entries, coalesce(c.bytes, 0)::bigint as bytes, c.last_at
    from process_specs s
    cross join lateral (
      select name, min(place) as place from jsonb_array_elements_text(s.channels::jsonb) with ordinality as t (name, place)
      group by name) n
    left join channels c on c.colony = ${colony} and c.process_id = s.process_id and c.name = n.name
    where s.colony = ${colony} and s.process_id = ${processId}
    order by n.place`)
}

/**
 * Makes the row that numbers the entries of a channel, while its process lives. The lock on the process keeps its removal
 * from missing the row.
 */
export async function openChannel(db: Db, colony: ColonyKey, { processId, name }: ChannelName): Promise<void> {
  await db.run(sql`
    with held as materialized (
      select process_id from live where colony = ${colony} and process_id = ${processId} for share
    )
    insert into channels (colony, process_id, name) select ${colony}, process_id, ${name} from held
    on conflict do nothing`)
}

export interface EntryRange extends ChannelName {
  /** Position of the first entry. */
  from: number
  count: number
  /** Of payloads; one entry comes in any case. */
  bytes: number
}

/** Entries in the order of their positions. Uses the primary key. */
export function readEntries(db: Db, colony: ColonyKey, range: EntryRange): Promise<EntryRow[]> {
  return db.all<EntryRow>(sql`
    select ${entryColumns(sql`e`)}
    from (
      select *, sum(coalesce(octet_length(payload), 0)) over (order by position) as total
      from (
        select * from channel_entries
        where colony = ${colony} and process_id = ${range.processId} and name = ${range.name}
          and position >= ${range.from}
        order by position limit ${range.count}) page
    ) e
    where e.total <= ${range.bytes} or e.position = ${range.from}
    order by e.position`)
}

/** Where a reader of a channel has got to. */
export interface ChannelPlace extends ChannelName {
  /** Position of the next entry that it wants. */
  position: number
}

/** What one place has got since. */
export interface ChannelNews {
  /** In order; empty when there is nothing new. */
  entries: EntryRow[]
  /** How many entries the channel has by now. */
  total: number
  /** The process has ended, or is gone: no more will come. */
  ended: boolean
  holder: string | null
}

/**
 * Looks for news at many places of one colony at once. State and entries are of one moment, and appends lock the process:
 * what is missing from a process that has ended will never come.
 *
 * @param bounds most entries of one place, and bytes of all payloads together, roughly
 * @returns by index of the place; one is missing where there are entries that did not fit any more
 */
export async function readChannelNews(
  db: Db,
  colony: ColonyKey,
  places: readonly ChannelPlace[],
  bounds: { count: number; bytes: number },
): Promise<Map<number, ChannelNews>> {
  type Row = EntryRow & { place: number; total: number; ended: boolean; holder: string | null }
  const rows = await db.all<Omit<Row, 'position'> & { position: number | null }>(sql`
    with found as materialized (
      select a.place, coalesce(c.entries, 0) as total, l.process_id is null as ended, coalesce(l.holder, r.holder) as holder,
        e.*, sum(coalesce(octet_length(e.payload), 0)) over (order by a.place, e.position) as bytes_so_far
      from unnest(${places.map((p) => p.processId)}::text[], ${places.map((p) => p.name)}::text[],
        ${places.map((p) => p.position)}::int[]) with ordinality as a (asked_id, asked_name, asked_position, place)
      left join live l on l.colony = ${colony} and l.process_id = a.asked_id
      left join lateral (
        select holder from results r
        where l.process_id is null and r.colony = ${colony} and r.process_id = a.asked_id) r on true
      left join channels c on c.colony = ${colony} and c.process_id = a.asked_id and c.name = a.asked_name
      left join lateral (
        select * from channel_entries e
        where c.entries > a.asked_position and e.colony = ${colony} and e.process_id = a.asked_id
          and e.name = a.asked_name and e.position >= a.asked_position
        order by e.position limit ${bounds.count}) e on true
    )
    select (e.place - 1)::int as place, e.total, e.ended, e.holder, ${entryColumns(sql`e`)}
    from found e
    where e.position is null or e.bytes_so_far - coalesce(octet_length(e.payload), 0) < ${bounds.bytes}
    order by e.place, e.position`)
  const news = new Map<number, ChannelNews>()
  for (const { place, total, ended, holder, position, ...entry } of rows) {
    const known = news.get(place) ?? { entries: [], total, ended, holder }
    news.set(place, known)
    if (position !== null) known.entries.push({ ...entry, position })
  }
  return news
}

/**
 * Takes channels away from processes that are gone; nothing can be appended to them any more. Their entries, which may be
 * many, are deleted by `deleteDropped`.
 *
 * @param gone rows with a `process_id`
 */
export function dropChannels(colony: ColonyKey, gone: Sql): Sql {
  return sql`channel_rows as (
      delete from channels c using (${gone}) g where c.colony = ${colony} and c.process_id = g.process_id
      returning c.process_id, c.name
    ), channels_dropped as (
      insert into dropped_channels (colony, process_id, name) select ${colony}, process_id, name from channel_rows
    )`
}

/** Takes channels away from the processes of a range of ids that is about to be dropped. @returns how many, at most `limit` */
export async function dropChannelsWithin(
  db: Db,
  colony: ColonyKey,
  { low, high }: { low: string; high: string },
  limit: number,
): Promise<number> {
  return db.run(sql`
    with chosen as materialized (
      select process_id, name from channels where colony = ${colony} and process_id >= ${low} and process_id < ${high}
      order by process_id, name limit ${limit} for update skip locked
    ), rows as (
      delete from channels c using chosen s where c.colony = ${colony} and c.process_id = s.process_id and c.name = s.name
    )
    insert into dropped_channels (colony, process_id, name) select ${colony}, process_id, name from chosen`)
}

/** Colonies with entries that are still to be deleted. */
export async function coloniesWithDropped(db: Db): Promise<ColonyKey[]> {
  const rows = await db.all<{ colony: ColonyKey }>(sql`
    select colony from ${coloniesIn({ table: sql`dropped_channels`, columns: sql`t.process_id, t.name`, rows: sql`true` })} k`)
  return rows.map((row) => row.colony)
}

/**
 * Deletes entries of some dropped channels, and forgets the channels once they have none left.
 *
 * @param limit most entries, and most channels, in one call
 * @returns whether there may be more to delete in this colony
 */
export async function deleteDropped(db: Db, colony: ColonyKey, limit: number): Promise<boolean> {
  const row = await db.one<{ found: boolean }>(sql`
    with channels_gone as materialized (
      select process_id, name, ctid as place from dropped_channels where colony = ${colony}
      order by process_id, name limit ${limit} for update skip locked
    ), chosen as materialized (
      select e.place
      from channels_gone s cross join lateral (
        select e.ctid as place from channel_entries e
        where e.colony = ${colony} and e.process_id = s.process_id and e.name = s.name
        order by e.position limit ${limit}) e
      limit ${limit}
    ), deleted as (
      delete from channel_entries where colony = ${colony} and ctid = any(array(select place from chosen))
    ), finished as (
      delete from dropped_channels where colony = ${colony} and ctid = any(array(select place from channels_gone))
        and (select count(*) from chosen) < ${limit}
    )
    select exists (select 1 from channels_gone) as found`)
  return row?.found ?? false
}
