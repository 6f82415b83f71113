import { createHash } from 'node:crypto'
import { limits } from '@colonies/protocol'
import type { ChannelName } from './channels.js'
import type { Db } from './db.js'
import { isUniqueViolation } from './errors.js'
import { firstPlaces } from './repeats.js'
import { sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

/** One message that is to be appended. */
export interface NewEntry extends ChannelName {
  sender: string
  /** Not 0: the sender has to hold this attempt. */
  attempt: number
  sequence: bigint
  inReplyTo: bigint
  type: string
  /** Base64. */
  payload: string | null
  /** Of the payload, decoded. */
  bytes: number
  /** '' for none. */
  requestId: string
}

/** What became of one message; undefined: the channel is not open, or its sender may not use it. */
export type Appended = 'stored' | 'full' | undefined

export interface Appends {
  /** In the order of the messages. */
  outcomes: Appended[]
  /**
   * Executor types of processes that wait. They were locked for a moment, and a claim that came by has stepped over them:
   * wake up somebody.
   */
  steppedOver: string[]
}

interface Row {
  place: number
  stored: boolean
  waiting_type: string | null
}

/**
 * Appends a batch of messages to channels of one colony, each if its sender submitted the process or holds it at this
 * moment.
 *
 * One statement. Processes are locked first, in order, so that none ends, changes its holder or is removed before the
 * entries are there: readers who see the end of a process see all that was written before. Then the rows of the channels
 * in order: they number the entries without gaps. What was stored before under the same request id is not stored again.
 */
export async function appendEntries(db: Db, colony: ColonyKey, entries: readonly NewEntry[]): Promise<Appends> {
  const keys = entries.map(requestKey)
  const first = firstPlaces(keys)
  const rows = await appendFirst(
    db,
    colony,
    entries.filter((_, place) => first[place] === place),
    keys.filter((_, place) => first[place] === place),
  )
  const steppedOver = rows.flatMap(({ waiting_type }) => waiting_type ?? [])
  const places = first.filter((of, place) => of === place)
  const outcomes = new Map<number | undefined, Appended>(
    rows.map(({ place, stored }) => [places[place], stored ? 'stored' : 'full']),
  )
  return { outcomes: first.map((place) => outcomes.get(place)), steppedOver: [...new Set(steppedOver)] }
}

/** How often a batch meets a request that another replica is storing at the same moment. */
const RACES_MAX = 5

async function appendFirst(
  db: Db,
  colony: ColonyKey,
  entries: readonly NewEntry[],
  keys: readonly (string | null)[],
): Promise<Row[]> {
  for (let races = 0; ; races++) {
    try {
      return await appendOnce(db, colony, entries, keys)
    } catch (error) {
      // The snapshot was older than the other's commit; the next one sees it.
      if (races === RACES_MAX || !isUniqueViolation(error, 'channel_entries_request')) throw error
    }
  }
}

function appendOnce(
  db: Db,
  colony: ColonyKey,
  entries: readonly NewEntry[],
  keys: readonly (string | null)[],
): Promise<Row[]> {
  const column = <T>(pick: (entry: NewEntry) => T) => entries.map(pick)
  return db.all<Row>(sql`
    with asked as materialized (
      select * from unnest(${column((e) => e.processId)}::text[], ${column((e) => e.name)}::text[],
        ${column((e) => e.sender)}::text[], ${column((e) => e.attempt)}::int[], ${column((e) => e.sequence)}::bigint[],
        ${column((e) => e.inReplyTo)}::bigint[], ${column((e) => e.type)}::text[], ${column((e) => e.payload)}::text[],
        ${column((e) => e.bytes)}::int[], ${keys}::text[])
        with ordinality as a (asked_id, asked_name, sender, of_attempt, sequence, in_reply_to, entry_type, base64, bytes,
          request_key, place)
    ), held as materialized (
      select l.process_id, l.state, l.holder, l.attempt, l.open_parents, l.executor_type from live l
      where l.colony = ${colony} and l.process_id = any(${column((e) => e.processId)}::text[])
      order by l.process_id for share
    ), open as materialized (
      select c.process_id, c.name, c.entries from channels c
      join (select distinct asked_id, asked_name from asked) a on c.process_id = a.asked_id and c.name = a.asked_name
      where c.colony = ${colony} and (select count(*) from held) > 0
      order by c.process_id, c.name for update of c
    ), used as materialized (
      select process_id, sum(bytes) as bytes from channels
      where colony = ${colony} and process_id = any(${column((e) => e.processId)}::text[]) group by process_id
    ), permitted as materialized (
      select a.*, o.entries, u.bytes as bytes_before,
        case when h.state = 0 and h.open_parents = 0 then h.executor_type end as waiting_type,
        exists (select 1 from channel_entries e where e.colony = ${colony} and e.process_id = a.asked_id
          and e.request_key = decode(a.request_key, 'hex')) as repeated
      from asked a
      join held h on h.process_id = a.asked_id
      join process_specs s on s.colony = ${colony} and s.process_id = a.asked_id
      join open o on o.process_id = a.asked_id and o.name = a.asked_name
      join used u on u.process_id = a.asked_id
      where case when a.of_attempt = 0 then a.sender = s.initiator_id or a.sender = h.holder
        else a.sender = h.holder and a.of_attempt = h.attempt end
    ), numbered as materialized (
      -- The sum counts what does not fit, too: what comes after it must not take its position.
      select p.*, p.entries + row_number() over (partition by asked_id, asked_name order by place) - 1 as position,
        p.bytes_before + sum(p.bytes) over (partition by asked_id order by place) as bytes_after
      from permitted p where not p.repeated
    ), fitting as materialized (
      select * from numbered where position < ${limits.channelEntriesMax} and bytes_after <= ${limits.channelBytesMax}
    ), stored as (
      insert into channel_entries (colony, process_id, name, position, sender, sequence, in_reply_to, entry_type, payload,
        request_key)
      select ${colony}, asked_id, asked_name, position, sender, sequence, in_reply_to, entry_type,
        decode(base64, 'base64'), decode(request_key, 'hex')
      from fitting
    ), counted as (
      update channels c set entries = c.entries + f.entries, bytes = c.bytes + f.bytes, last_at = now()
      from (select asked_id, asked_name, count(*)::int as entries, sum(bytes) as bytes from fitting
            group by asked_id, asked_name) f
      where c.colony = ${colony} and c.process_id = f.asked_id and c.name = f.asked_name
    )
    select (place - 1)::int as place, repeated or place in (select place from fitting) as stored, waiting_type
    from permitted`)
}

/** Hex; null without a request id. One sender cannot take the request of another, nor one channel that of the next. */
function requestKey({ processId, name, sender, requestId }: NewEntry): string | null {
  if (requestId === '') return null
  const text = JSON.stringify([processId, sender, name, requestId])
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
