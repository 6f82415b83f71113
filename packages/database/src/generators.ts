import type { Db } from './db.js'
import { sql } from './sql.js'
import type { ColonyKey } from './submissions.js'

export interface GeneratorRow {
  generator_id: string
  name: string
  initiator_id: string
  initiator_name: string
  initiator_is_user: boolean
  /** JSON text. */
  workflow: string
  /** Arguments of one graph. */
  trigger_count: number
  /** 0 or less: fewer than that never make one. */
  timeout_seconds: number
  /** Bytes of one argument. */
  arg_bytes_max: number
  first_pack: string | null
  last_run: string | null
  /** Arguments that wait. */
  queued: number
  /** When the oldest of them was packed. */
  oldest_pack: string | null
  /** '' when the last graph was started. */
  last_error: string
}

const columns = sql`g.generator_id, g.name, g.initiator_id, g.initiator_name, g.initiator_is_user, g.workflow,
  g.trigger_count, g.timeout_seconds, g.arg_bytes_max, g.first_pack, g.last_run, (g.packed - g.taken)::float8 as queued,
  g.last_error`

export type NewGenerator = Pick<
  GeneratorRow,
  | 'generator_id'
  | 'name'
  | 'initiator_id'
  | 'initiator_name'
  | 'initiator_is_user'
  | 'workflow'
  | 'trigger_count'
  | 'timeout_seconds'
  | 'arg_bytes_max'
>

/** @returns undefined when the name is taken, or the colony is gone */
export function insertGenerator(db: Db, colony: ColonyKey, g: NewGenerator): Promise<GeneratorRow | undefined> {
  return db.one<GeneratorRow>(sql`
    insert into generators as g (colony, generator_id, name, initiator_id, initiator_name, initiator_is_user, workflow,
      trigger_count, timeout_seconds, arg_bytes_max)
    select ${colony}, ${g.generator_id}, ${g.name}, ${g.initiator_id}, ${g.initiator_name},
      ${g.initiator_is_user}::boolean, ${g.workflow}, ${g.trigger_count}::int, ${g.timeout_seconds}::int,
      ${g.arg_bytes_max}::int
    from colonies where colony_key = ${colony}
    on conflict do nothing returning ${columns}, null::timestamptz as oldest_pack`)
}

const oldest = (colony: ColonyKey) => sql`left join lateral (
  select a.packed_at as oldest_pack from generator_args a
  where a.colony = ${colony} and a.generator_id = g.generator_id order by a.place limit 1) a on true`

export function findGenerator(db: Db, colony: ColonyKey, generatorId: string): Promise<GeneratorRow | undefined> {
  return db.one<GeneratorRow>(sql`
    select ${columns}, a.oldest_pack from generators g ${oldest(colony)}
    where g.colony = ${colony} and g.generator_id = ${generatorId}`)
}

export function findGeneratorNamed(db: Db, colony: ColonyKey, name: string): Promise<GeneratorRow | undefined> {
  return db.one<GeneratorRow>(sql`
    select ${columns}, a.oldest_pack from generators g ${oldest(colony)} where g.colony = ${colony} and g.name = ${name}`)
}

/**
 * Generators by age, after the generator `after`.
 *
 * @param bytesMax the list ends when its workflows have more; it has one generator at least
 */
export function listGenerators(
  db: Db,
  colony: ColonyKey,
  { after, count, bytesMax }: { after: string; count: number; bytesMax: number },
): Promise<GeneratorRow[]> {
  return db.all<GeneratorRow>(sql`
    select ${columns}, a.oldest_pack from (
      select *, sum(octet_length(workflow)) over (order by generator_id) - octet_length(workflow) as bytes_before
      from (
        select * from generators where colony = ${colony} and generator_id > ${after}
        order by generator_id limit ${count}) page
    ) g ${oldest(colony)}
    where g.bytes_before < ${bytesMax} order by g.generator_id`)
}

/** Removes a generator with what waits for it. A pack that is under way is waited for, and goes with the others. */
export function deleteGenerator(db: Db, colony: ColonyKey, generatorId: string): Promise<number> {
  return db.transaction(async (tx) => {
    const gone = await tx.run(sql`delete from generators where colony = ${colony} and generator_id = ${generatorId}`)
    // A statement of its own, since its snapshot has to see what was packed until the row was locked.
    if (gone > 0)
      await tx.run(sql`delete from generator_args where colony = ${colony} and generator_id = ${generatorId}`)
    return gone
  })
}
