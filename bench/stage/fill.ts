import { type Database, type Sql, sql } from '@colonies/database'
import { rateOf } from '../measure/statistics.js'
import type { BenchColony } from '../row.js'
import { specFor } from './colony.js'
import { settle } from './rest.js'

const ROWS_AT_ONCE = 50_000
/** As many as a small machine has cores. */
const STATEMENTS_AT_ONCE = 2

export interface Filling {
  rows: number
  /** Executors that all of them want by name. */
  names?: readonly string[]
  /** Millicores that each of them wants. */
  cpu?: number
}

/** A real process, of which copies are made in the database itself. */
interface Template {
  colony: number
  processId: string
}

/** Waiting processes, before all that is submitted later. */
export async function fillQueue(db: Database, colony: BenchColony, { rows, names, cpu = 0 }: Filling): Promise<void> {
  const template = await submitTemplate(db, colony)
  await inPortions(rows, async (copies) => {
    await copySpecs(db, template, copies)
    await db.run(sql`
      insert into live (colony, process_id, state, executor_type, names, location, cpu, memory, priority_time, open_parents,
        max_retries, exec_seconds, list_place)
      select colony, ${idOf(template)}, 0, executor_type, ${names ?? null}::text[], location, ${cpu}, memory,
        priority_time - n, 0, max_retries, exec_seconds, priority_time - n
      from live, ${copies} where colony = ${template.colony} and process_id = ${template.processId}`)
    for (const name of names ?? [])
      await db.run(sql`
        insert into wanted (colony, executor_type, name, priority_time, process_id, location, cpu, memory)
        select colony, executor_type, ${name}, priority_time - n, ${idOf(template)}, location, ${cpu}, memory
        from live, ${copies} where colony = ${template.colony} and process_id = ${template.processId}`)
  })
  await settle(db, 'process_specs, live, wanted')
}

/** Processes that have ended, one each millisecond of the last hours. */
export async function fillHistory(db: Database, colony: BenchColony, rows: number): Promise<void> {
  const template = await submitTemplate(db, colony)
  await inPortions(rows, async (copies) => {
    await copySpecs(db, template, copies)
    await db.run(sql`
      insert into results (colony, process_id, state, holder, holder_name, attempt, retries, started_at, ended_at,
        executor_type, label, initiator_user, output)
      select colony, ${idOf(template)}, 2, 'holder', 'holder', 1, 0, submitted_at, now() - n * interval '1 ms',
        executor_type, label, initiator_user, '["done"]'
      from process_specs, ${copies} where colony = ${template.colony} and process_id = ${template.processId}`)
  })
  await settle(db, 'process_specs, results')
}

async function submitTemplate(db: Database, colony: BenchColony): Promise<Template> {
  const { processid } = await colony.user.call<{ processid: string }>('submitfuncspecmsg', {
    spec: specFor(colony.name),
  })
  const row = await db.one<{ colony: number }>(sql`
    select colony_key as colony from colonies where name = ${colony.name}`)
  if (!row) throw new Error(`there is no colony ${colony.name}`)
  return { colony: row.colony, processId: processid }
}

function copySpecs(db: Database, template: Template, copies: Sql): Promise<number> {
  return db.run(sql`
    insert into process_specs (colony, process_id, node_name, function_name, executor_type, label, initiator_id,
      initiator_name, initiator_user, submitted_at, priority_time, wait_seconds, exec_seconds, max_retries, spec, env, channels)
    select colony, ${idOf(template)}, node_name, function_name, executor_type, label, initiator_id, initiator_name,
      initiator_user, submitted_at, priority_time - n, wait_seconds, exec_seconds, max_retries, spec, env, channels
    from process_specs, ${copies} where colony = ${template.colony} and process_id = ${template.processId}`)
}

/** Of the nth copy: of the same time as the template's. */
function idOf({ processId }: Template): Sql {
  return sql`${processId.slice(0, 12)} || lpad(to_hex(n), 52, '0')`
}

/** @param work gets what gives it its numbers, `n` */
async function inPortions(rows: number, work: (copies: Sql) => Promise<unknown>): Promise<void> {
  await rateOf(Math.ceil(rows / ROWS_AT_ONCE), STATEMENTS_AT_ONCE, (_, turn) => {
    const [from, to] = [turn * ROWS_AT_ONCE + 1, Math.min(rows, (turn + 1) * ROWS_AT_ONCE)]
    return work(sql`generate_series(${from}::int, ${to}::int) n`)
  })
}
