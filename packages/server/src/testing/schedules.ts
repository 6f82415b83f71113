import type { Db } from '@colonies/database'
import { insertCron, insertGenerator, insertPacks, type PackedBatch, sql } from '@colonies/database'
import { Cron, compileDecoder, Generator, type JsonValue, limits } from '@colonies/protocol'
import { executorIdOf } from '@colonies/testkit'
import { newCron } from '../schedules/new-cron.js'
import { newGenerator } from '../schedules/new-generator.js'
import type { UpkeepColony } from './upkeep.js'

const readCron = compileDecoder(Cron, { json: 'text' })
const readGenerator = compileDecoder(Generator, { json: 'text' })

/** A workflow of processes for executors of type `cli`, by name with what each depends on. */
export function workflowText(nodes: Record<string, string[]> = { tick: [] }): string {
  const functionspecs = Object.entries(nodes).map(([nodename, dependencies]) => ({
    nodename,
    funcname: nodename,
    conditions: { executortype: 'cli', dependencies },
  }))
  return JSON.stringify({ colonyname: '', functionspecs })
}

/**
 * Adds a cron in the name of executor `ada`, every 10 seconds where nothing else is said.
 *
 * @returns its id
 */
export async function addCron(db: Db, colony: UpkeepColony, changes: Record<string, JsonValue> = {}): Promise<string> {
  const wish = { colonyname: colony.name, name: 'c', interval: 10, workflowspec: workflowText(), ...changes }
  const row = newCron(readCron(JSON.stringify(wish)), {
    colonyName: colony.name,
    initiator: { id: executorIdOf('ada'), name: 'ada', kind: 'executor' },
    nowMs: await nowMs(db),
    serverTimeZone: 'UTC',
  })
  await insertCron(db, colony.key, row)
  return row.cron_id
}

async function nowMs(db: Db): Promise<number> {
  const row = await db.one<{ ms: number }>(sql`select extract(epoch from now())::float8 * 1000 as ms`)
  return row?.ms ?? 0
}

/** Moves the planned times of all crons into the past, those of their graphs too; nothing sleeps. */
export async function passCronTime(db: Db, seconds: number): Promise<void> {
  const moved = sql`make_interval(secs => ${seconds}::float8)`
  await db.run(sql`update crons set next_run = next_run - ${moved}, last_run = last_run - ${moved}`)
  await db.run(sql`update graphs set planned_at = planned_at - ${moved}`)
}

export interface StartedGraph {
  graph_id: string
  planned_at: string | null
  initiator_name: string
}

/** Graphs that a cron has started, oldest first. */
export function graphsOf(db: Db, cronId: string): Promise<StartedGraph[]> {
  return db.all<StartedGraph>(sql`
    select graph_id, planned_at, initiator_name from graphs where cron_id = ${cronId} order by planned_at, submitted_at`)
}

/** Everything of a graph ends, each node with the output that is given for it. */
export async function endGraph(db: Db, graphId: string, outputs: Record<string, string> = {}): Promise<void> {
  await db.run(sql`
    with nodes as (
      select n.colony, n.process_id, o.output
      from graph_nodes n left join unnest(${Object.keys(outputs)}::text[], ${Object.values(outputs)}::text[])
        as o (node_name, output) on o.node_name = n.node_name
      where n.graph_id = ${graphId}
    ), gone as (delete from live l using nodes n where l.process_id = n.process_id)
    insert into results (colony, process_id, state, attempt, retries, ended_at, executor_type, label, graph_id, output)
    select colony, process_id, 2, 1, 0, now(), 'cli', '', ${graphId}, output from nodes`)
  await db.run(sql`update graphs set success = total, ended_at = now() where graph_id = ${graphId}`)
}

/** Adds a generator in the name of executor `ada`, for 3 arguments where nothing else is said. @returns its id */
export async function addGenerator(
  db: Db,
  colony: UpkeepColony,
  changes: Record<string, JsonValue> = {},
): Promise<string> {
  const wish = { colonyname: colony.name, name: 'g', trigger: 3, workflowspec: workflowText(), ...changes }
  const initiator = { id: executorIdOf('ada'), name: 'ada', kind: 'executor' } as const
  const row = newGenerator(readGenerator(JSON.stringify(wish)), colony.name, initiator)
  await insertGenerator(db, colony.key, row)
  return row.generator_id
}

/** Packs arguments as one request of each. */
export function pack(db: Db, colony: UpkeepColony, generatorId: string, args: readonly string[]): Promise<PackedBatch> {
  const packs = args.map((arg) => ({ generatorId, caller: 'x', requestId: null, args: [arg] }))
  return insertPacks(db, colony.key, packs, {
    argsMax: limits.generatorQueueMax,
    bytesMax: limits.generatorQueueBytesMax,
  })
}

/** Moves all times of generators into the past; nothing sleeps. */
export async function passGeneratorTime(db: Db, seconds: number): Promise<void> {
  const moved = sql`make_interval(secs => ${seconds}::float8)`
  await db.run(sql`update generators set due_at = due_at - ${moved}, last_run = last_run - ${moved}`)
  await db.run(sql`update generator_args set packed_at = packed_at - ${moved}`)
}

/** The arguments of every graph in which a node of this name is, oldest graph first. */
export async function argsOfGraphs(db: Db, nodeName = 'tick'): Promise<string[][]> {
  const rows = await db.all<{ args: string }>(sql`
    select (spec || ',"env":{}}')::json ->> 'args' as args from process_specs
    where colony > 0 and node_name = ${nodeName} order by submitted_at, priority_time, process_id`)
  return rows.map((row) => JSON.parse(row.args) as string[])
}
