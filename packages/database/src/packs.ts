import type { Db } from './db.js'
import { firstPlaces } from './repeats.js'
import { sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

/** Arguments for a generator, from one request. */
export interface Pack {
  generatorId: string
  caller: string
  requestId: string | null
  args: readonly string[]
}

/** What became of a pack; `packed` also when the same request had been packed before. */
export interface PackOutcome {
  outcome: 'packed' | 'unknown' | 'too_large' | 'too_many'
  /** Bytes of one argument of this generator; null when there is no such generator. */
  argBytesMax: number | null
}

export interface PackedBatch {
  /** In the order of the packs. */
  outcomes: PackOutcome[]
  /** Whether a generator has enough for a graph now. */
  due: boolean
}

/** How much may wait for one generator. */
export interface QueueBounds {
  argsMax: number
  bytesMax: number
}

interface OutcomeRow {
  place: number
  outcome: PackOutcome['outcome']
  arg_bytes_max: number | null
  due: boolean | null
}

/**
 * Stores a batch of arguments of one colony in one statement, each pack whole or not at all.
 *
 * The rows of the generators are locked in order. They count what came and went, so arguments get numbers without gaps in the
 * order in which they are stored, and nothing has to be counted to know how much waits. A pack whose request was
 * stored before, perhaps a moment ago by another replica, changes nothing.
 */
export async function insertPacks(
  db: Db,
  colony: ColonyKey,
  packs: readonly Pack[],
  bounds: QueueBounds,
): Promise<PackedBatch> {
  const first = firstPlaces(
    packs.map(({ caller, requestId }) => (requestId === null ? null : JSON.stringify([caller, requestId]))),
  )
  const places = first.filter((of, place) => of === place)
  const rows = await insertFirst(
    db,
    colony,
    packs.filter((_, place) => first[place] === place),
    bounds,
  )
  const outcomes = new Map<number | undefined, PackOutcome>(
    rows.map(({ place, outcome, arg_bytes_max }) => [places[place], { outcome, argBytesMax: arg_bytes_max }]),
  )
  return {
    outcomes: first.map((place) => outcomes.get(place) ?? { outcome: 'unknown', argBytesMax: null }),
    due: rows.some((row) => row.due === true),
  }
}

/** No two of the packs are of one request. */
function insertFirst(db: Db, colony: ColonyKey, packs: readonly Pack[], bounds: QueueBounds): Promise<OutcomeRow[]> {
  const sizes = packs.map(({ args }) => args.map((arg) => Buffer.byteLength(arg)))
  const args = packs.flatMap((pack, place) => pack.args.map((arg) => ({ arg, call: place + 1 })))
  return db.all<OutcomeRow>(sql`
    with asked as materialized (
      select * from unnest(${packs.map((p) => p.generatorId)}::text[], ${packs.map((p) => p.caller)}::text[],
        ${packs.map((p) => p.requestId)}::text[], ${packs.map((p) => p.args.length)}::int[],
        ${sizes.map((bytes) => bytes.reduce((sum, one) => sum + one, 0))}::int[],
        ${sizes.map((bytes) => bytes.reduce((most, one) => Math.max(most, one), 0))}::int[])
        with ordinality as a (generator_id, caller, request_id, args, bytes, largest, place)
    ), locked as materialized (
      -- In the order of their ids, and looked up one by one, whatever the planner thinks.
      select g.generator_id, g.packed, g.packed - g.taken as queued, g.queued_bytes, g.arg_bytes_max
      from unnest(${[...new Set(packs.map((p) => p.generatorId))].sort()}::text[]) as wanted (id) cross join lateral (
        select * from generators g where g.colony = ${colony} and g.generator_id = wanted.id for update) g
    ), known as materialized (
      select a.place from asked a
      join requests r on r.colony = ${colony} and r.caller = a.caller and r.request_id = a.request_id
    ), sized as materialized (
      select a.*, l.packed, l.queued, l.queued_bytes, l.arg_bytes_max,
        case when l.generator_id is null then 'unknown' when a.place in (select place from known) then 'packed'
          when a.largest > l.arg_bytes_max then 'too_large' else 'fits' end as outcome
      from asked a left join locked l on l.generator_id = a.generator_id
    ), judged as materialized (
      select place, generator_id, caller, request_id, args, bytes, packed, arg_bytes_max,
        case when outcome = 'fits' and (queued + sum(args) over before > ${bounds.argsMax}
          or queued_bytes + sum(bytes) over before > ${bounds.bytesMax}) then 'too_many' else outcome end as outcome
      from sized window before as (partition by generator_id, outcome order by place)
    ), first_requests as (
      insert into requests (colony, caller, request_id, made_id)
      select ${colony}, caller, request_id, generator_id from judged
      where outcome = 'fits' and request_id is not null order by caller, request_id
      on conflict do nothing returning caller, request_id
    ), accepted as materialized (
      select * from judged
      where outcome = 'fits' and (request_id is null or (caller, request_id) in (
        select caller, request_id from first_requests))
    ), stored as (
      insert into generator_args (colony, generator_id, place, arg)
      select ${colony}, a.generator_id,
        a.packed + row_number() over (partition by a.generator_id order by a.place, given.nth), given.arg
      from accepted a
      join unnest(${args.map((a) => a.call)}::int[], ${args.map((a) => a.arg)}::text[]) with ordinality
        as given (call, arg, nth) on given.call = a.place
    ), grown as (
      update generators g
      set packed = g.packed + n.args, queued_bytes = g.queued_bytes + n.bytes,
        first_pack = coalesce(g.first_pack, now()),
        due_at = case
          -- Set aside: it has its time.
          when g.last_error <> '' then g.due_at
          when g.packed - g.taken + n.args >= g.trigger_count then least(g.due_at, now())
          when g.packed = g.taken and g.timeout_seconds > 0 then now() + make_interval(secs => g.timeout_seconds)
          else g.due_at end
      from (
        select generator_id, sum(args)::bigint as args, sum(bytes)::bigint as bytes from accepted
        where args > 0 group by generator_id) n
      where g.colony = ${colony} and g.generator_id = n.generator_id
      returning g.due_at <= now() as due
    )
    select (place - 1)::int as place, case when outcome = 'fits' then 'packed' else outcome end as outcome, arg_bytes_max,
      (select bool_or(due) from grown) as due
    from judged`)
}
