import * as database from '@colonies/database'
import { type Database, type Db, sql } from '@colonies/database'
import { ModelDatabase, type Run } from '../model/model-database.js'
import { colonyName, executorNames, idOf } from './scene.js'

/** What came of a statement, as comparable data: its answer, or the code of its refusal. */
export type Outcome = unknown

/** A PostgreSQL and a model of it with the same rows. */
export interface Pair {
  db: Database
  model: ModelDatabase
  colony: number
  /** Moves the clocks of both forward, and keeps their rows where they are in time. */
  passTime(seconds: number): Promise<void>
  /** Takes back the moments that went by for PostgreSQL since the last time. */
  standStill(): Promise<void>
}

export async function makePair(db: Database): Promise<Pair> {
  const clock = { micros: Math.floor((await database.databaseTime(db)) * 1000), readAtMs: performance.now() }
  const model = new ModelDatabase(() => clock.micros)
  const row = await db.one<{ key: number }>(sql`
    insert into colonies (name, colony_id) values (${colonyName}, ${idOf('owner')}) returning colony_key as key`)
  const colony = row?.key ?? 0
  const pair = { db, model, colony, passTime, standStill }
  addColony(model, colony)
  await db.run(sql`insert into users (colony, name, user_id) values (${colony}, 'me', ${idOf('me')})`)
  await fill(pair)
  const firstRun = Math.floor(model.now / 1000) * 1000 + 25_000_000
  for (const cron of model.tables.of(colony).crons.values()) cron.nextRun = firstRun
  await db.run(sql`update crons set next_run = date_trunc('milliseconds', now()) + interval '25 seconds'`)
  clock.readAtMs = performance.now()
  return pair

  async function passTime(seconds: number): Promise<void> {
    clock.micros += seconds * 1_000_000
    for (const statement of shifts(seconds)) await db.run(statement)
  }

  // The clock of the model stands; PostgreSQL's goes on, so its rows go with it.
  async function standStill(): Promise<void> {
    // Whole ones, since planned times of crons are.
    const passedMs = Math.floor(performance.now() - clock.readAtMs)
    clock.readAtMs += passedMs
    for (const statement of shifts(-passedMs / 1000)) await db.run(statement)
    // What was due at once was set a moment after the last time, and has gone with the others by that moment too far.
    await db.run(sql`
      update generators set due_at = due_at - interval '1 second' where due_at > now() and due_at < now() + interval '1 second'`)
  }
}

async function fill(pair: Pair): Promise<void> {
  const { colony } = pair
  const location = { location: '', require_func_reg: false, capabilities: '{}', allocations: '{}', blueprint_id: '' }
  const owner = { initiator_id: idOf('me'), initiator_name: 'me', initiator_is_user: true, workflow: '{}' }
  for (const name of executorNames) {
    const executor = { name, executor_id: idOf(name), executor_type: 'cpu', ...location, blueprint_gen: 0n }
    await runBoth(pair, { name: 'replaceExecutor', args: [colony, executor] })
    await runBoth(pair, { name: 'approveExecutor', args: [colony, name] })
  }
  for (const overlap of ['allow', 'wait', 'skip', 'cancel']) {
    const zone = { time_zone: '', server_time_zone: 'UTC', catchup: false, waits: false, random: false }
    const cron = {
      cron_id: idOf(`c${overlap}`),
      name: overlap,
      ...owner,
      ...zone,
      interval_seconds: 40,
      expression: '',
    }
    await runBoth(pair, { name: 'insertCron', args: [colony, { ...cron, overlap, next_run: null }] })
  }
  for (const [name, trigger_count, timeout_seconds] of [
    ['two', 2, 0],
    ['three', 3, 40],
    ['broken', 1, 0],
  ] as const) {
    const generator = {
      generator_id: idOf(`g${name}`),
      name,
      ...owner,
      trigger_count,
      timeout_seconds,
      arg_bytes_max: 100,
    }
    await runBoth(pair, { name: 'insertGenerator', args: [colony, generator] })
  }
}

function addColony(model: ModelDatabase, key: number): void {
  const colony = model.tables.add(key, colonyName, idOf('owner'))
  colony.users.set(idOf('me'), 'me')
}

/** All times in rows, so that what was set before the step is as far away as in the model. */
function shifts(by: number) {
  const step = sql`make_interval(secs => ${by}::float8)`
  return [
    sql`update live set deadline = deadline - ${step}, started_at = started_at - ${step} where colony > 0`,
    sql`update process_specs set submitted_at = submitted_at - ${step}`,
    sql`update results set started_at = started_at - ${step}, ended_at = ended_at - ${step},
      wait_deadline = wait_deadline - ${step}, exec_deadline = exec_deadline - ${step}`,
    sql`update graphs set submitted_at = submitted_at - ${step}, started_at = started_at - ${step},
      ended_at = ended_at - ${step}, planned_at = planned_at - ${step}`,
    sql`update executors set heartbeat_at = heartbeat_at - ${step}, last_heard_at = last_heard_at - ${step}`,
    sql`update crons set next_run = next_run - ${step}, last_run = last_run - ${step}`,
    sql`update generators set due_at = due_at - ${step}, last_run = last_run - ${step}`,
  ]
}

/** Sends one statement to both. */
export async function runBoth(pair: Pair, run: Run): Promise<{ real: Outcome; modelled: Outcome }> {
  await pair.standStill()
  const real = await outcomeOf(() => runReal(pair.db, run))
  const modelled = await outcomeOf(async () => pair.model.run(run))
  return { real, modelled }
}

/** The function of the database package that has this name. */
export function runReal(db: Db, { name, args }: Run): Promise<unknown> {
  const functions: Record<string, unknown> = database
  const send = functions[name] as (db: Db, ...args: readonly unknown[]) => Promise<unknown>
  return send(db, ...args)
}

export async function outcomeOf(work: () => Promise<unknown>): Promise<Outcome> {
  try {
    return comparable(await work())
  } catch (error) {
    if (error instanceof Error && 'code' in error) return { refused: error.code }
    throw error
  }
}

const timeFields = /(_at|_deadline|_run|_ms|Ms|plannedAt)$/
/** Different by nature: places on two clocks, texts beyond the rows, and which of several parents is named. */
const leftOut = new Set(['priority_time', 'outcome_text', 'errors', 'workflow', 'submitted_at', 'more', 'oldest_pack'])

/** Without what cannot be the same: order where there is none, functions, and times to the second. */
function comparable(value: unknown, key = ''): unknown {
  if (typeof value === 'function') return 'function'
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Map || value instanceof Set) return comparable([...value], key)
  if (Array.isArray(value)) {
    const items = value.map((item) => comparable(item))
    return key === 'inputs' || key === 'parents' ? items : items.sort(byText)
  }
  if (value === null || typeof value !== 'object') return timeFields.test(key) ? timeOf(value) : value
  const fields = Object.entries(value).filter(([name]) => !leftOut.has(name))
  return Object.fromEntries(fields.map(([name, field]) => [name, comparable(field, name)]).sort(byText))
}

const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)

/** Only whether there is one: rows are compared with their times, as seconds from now. */
function timeOf(value: unknown): unknown {
  return value === null || value === undefined ? null : 'a time'
}
