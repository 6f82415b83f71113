import { type ColonyKey, type Database, sql } from '@colonies/database'
import type { BenchColony } from '../row.js'
import { specFor } from './colony.js'

/** Puts something into the database, lets others work on it, and takes it out again. */
type Crowd = <T>(db: Database, work: () => Promise<T>) => Promise<T>

export async function keyOf(db: Database, colony: BenchColony): Promise<ColonyKey> {
  const row = await db.one<{ key: ColonyKey }>(sql`select colony_key as key from colonies where name = ${colony.name}`)
  if (!row) throw new Error(`there is no colony ${colony.name}`)
  return row.key
}

/** Colonies that each have a process that waits and one that runs. */
export function manyColonies(colony: BenchColony, count: number): Crowd {
  return async (db, work) => {
    const { processid } = await colony.user.call<{ processid: string }>('submitfuncspecmsg', {
      spec: specFor(colony.name),
    })
    await db.run(sql`
      insert into colonies (name, colony_id) select 'crowd-' || n, 'crowd-' || n from generate_series(1, ${count}::int) n`)
    const crowd = sql`(select colony_key as crowd from colonies where name like 'crowd-%') c`
    await db.run(sql`
      insert into live (colony, process_id, state, executor_type, location, cpu, memory, priority_time, open_parents,
        max_retries, exec_seconds, list_place)
      select c.crowd, process_id, 0, executor_type, location, cpu, memory, priority_time, 0, max_retries, exec_seconds,
        list_place
      from live, ${crowd} where process_id = ${processid}`)
    await db.run(sql`
      insert into live (colony, process_id, state, executor_type, location, cpu, memory, priority_time, open_parents,
        max_retries, exec_seconds, list_place, holder, holder_name, deadline, started_at)
      select l.colony, left(l.process_id, 12) || lpad('', 52, 'f'), 1, l.executor_type, l.location, l.cpu, l.memory,
        l.priority_time, 0, l.max_retries, l.exec_seconds, l.list_place, e.executor_id, e.name, now() + interval '1 hour',
        now()
      from live l join colonies c on c.colony_key = l.colony
        join executors e on e.colony = ${await keyOf(db, colony)} and e.name = 'executor-0'
      where l.process_id = ${processid} and c.name like 'crowd-%'`)
    await db.run(sql`
      insert into events (colony, process_id, old_state, state, attempt, reason, executor_type)
      select c.crowd, process_id, null, 0, 0, '', executor_type from live, ${crowd} where process_id = ${processid}
        and live.colony = ${await keyOf(db, colony)}`)
    await db.oneByOne(['vacuum analyze live, events, colonies'])
    try {
      return await work()
    } finally {
      const those = sql`(select colony_key from colonies where name like 'crowd-%')`
      for (const table of [sql`live`, sql`events`, sql`counters`])
        await db.run(sql`delete from ${table} where colony in ${those}`)
      await db.run(sql`delete from colonies where name like 'crowd-%'`)
      await db.oneByOne(['vacuum analyze live, events, counters, colonies'])
    }
  }
}

/** Executors that send heartbeats, each with a program. */
export function manyExecutors(colony: BenchColony, count: number): Crowd {
  return async (db, work) => {
    const key = await keyOf(db, colony)
    const id = sql`'c' || lpad(to_hex(n), 63, '0')`
    await db.run(sql`
      insert into executors (colony, name, executor_id, executor_type, state, last_heard_at, leased, heartbeat_at)
      select ${key}, 'crowd-' || n, ${id}, 'bench', 1, now(), true, now() + interval '1 hour'
      from generate_series(1, ${count}::int) n`)
    await db.run(sql`
      insert into executor_instances (colony, executor_id, instance_id, look_at)
      select ${key}, ${id}, ${id}, now() + interval '1 hour' from generate_series(1, ${count}::int) n`)
    await db.oneByOne(['vacuum analyze executors, executor_instances'])
    try {
      return await work()
    } finally {
      await db.run(sql`delete from executors where colony = ${key} and name like 'crowd-%'`)
      await db.run(sql`delete from executor_instances where colony = ${key}`)
      await db.oneByOne(['vacuum full executors', 'vacuum full executor_instances'])
    }
  }
}

/** Processes that somebody holds, for an hour. */
export async function holdMany(db: Database, colony: BenchColony, count: number): Promise<void> {
  const { processid } = await colony.user.call<{ processid: string }>('submitfuncspecmsg', {
    spec: specFor(colony.name),
  })
  await db.run(sql`
    insert into live (colony, process_id, state, executor_type, location, cpu, memory, priority_time, open_parents,
      max_retries, exec_seconds, list_place, holder, holder_name, deadline, started_at)
    select colony, left(process_id, 12) || lpad(to_hex(n), 52, '0'), 1, executor_type, location, cpu, memory,
      priority_time, 0, max_retries, exec_seconds, list_place, 'c' || lpad(to_hex(n), 63, '0'), 'crowd-' || n,
      now() + interval '1 hour', now()
    from live, generate_series(1, ${count}::int) n
    where process_id = ${processid} and colony = ${await keyOf(db, colony)}`)
}
