import * as database from '@colonies/database'
import { type Database, type Db, sql } from '@colonies/database'
import { ModelDatabase, type Run } from '../model/model-database.js'
import type { Micros } from '../model/tables.js'
import { colonyName, executorNames, idOf } from './scene.js'
import { microsOf } from './times.js'

/** What came of a statement, as comparable data: its answer, or the code of its refusal. */
export type Outcome = unknown

/** A PostgreSQL and a model of it with the same rows. */
export interface Pair {
  db: Database
  model: ModelDatabase
  colony: number
  /** How far the time of the model is ahead of that of PostgreSQL. */
  ahead: Micros
  /** Lets the next transaction of the model begin when one of PostgreSQL has begun. */
  setClock(beganAt: Micros): void
}

export async function makePair(db: Database): Promise<Pair> {
  let clock: Micros = 0
  const model = new ModelDatabase(() => clock)
  const row = await db.one<{ key: number }>(sql`
    insert into colonies (name, colony_id) values (${colonyName}, ${idOf('owner')}) returning colony_key as key`)
  const colony = row?.key ?? 0
  const setClock = (beganAt: Micros) => {
    clock = beganAt + pair.ahead - 1 // a transaction of the model begins at the next moment that none has had
  }
  const pair: Pair = { db, model, colony, ahead: 0, setClock }
  addColony(model, colony)
  await db.run(sql`insert into users (colony, name, user_id) values (${colony}, 'me', ${idOf('me')})`)
  await runBoth(pair, { name: 'keepListening', args: [] })
  await fill(pair)
  const firstMs = Math.floor(model.now / 1000) + 25_000
  for (const cron of model.tables.of(colony).crons.values()) cron.nextRun = firstMs * 1000
  await db.run(sql`update crons set next_run = to_timestamp(${firstMs}::float8 / 1000)`)
  return pair
}

/** Lets time pass for both, while replicas listen: the clock of PostgreSQL cannot be set, so its rows go back. */
export async function passTime(pair: Pair, seconds: number): Promise<void> {
  pair.ahead += seconds * 1_000_000
  pair.model.tables.listening.lastAt += seconds * 1_000_000
  for (const statement of shifts(seconds)) await pair.db.run(statement)
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

/** All times in rows that are compared. */
function shifts(seconds: number) {
  const step = sql`make_interval(secs => ${seconds}::int)`
  return [
    sql`update live set deadline = deadline - ${step}, started_at = started_at - ${step} where colony > 0`,
    sql`update process_specs set submitted_at = submitted_at - ${step}`,
    sql`update results set started_at = started_at - ${step}, ended_at = ended_at - ${step},
      wait_deadline = wait_deadline - ${step}, exec_deadline = exec_deadline - ${step}`,
    sql`update graphs set submitted_at = submitted_at - ${step}, started_at = started_at - ${step},
      ended_at = ended_at - ${step}, planned_at = planned_at - ${step}`,
    sql`update executors set heartbeat_at = heartbeat_at - ${step}, last_heard_at = last_heard_at - ${step}`,
    sql`update executor_instances set heartbeat_at = heartbeat_at - ${step}, look_at = look_at - ${step}
      where colony > 0`,
    sql`update listening set since = since - ${step}`,
    sql`update crons set next_run = next_run - ${step}, last_run = last_run - ${step}`,
    sql`update generators set due_at = due_at - ${step}, last_run = last_run - ${step}`,
  ]
}

/** Sends one statement to both. */
export async function runBoth(pair: Pair, run: Run): Promise<{ real: Outcome; modelled: Outcome }> {
  const { outcome: real, beganAt } = await runReal(pair, run)
  pair.setClock(beganAt)
  const modelled = await outcomeOf(async () => pair.model.run(run))
  return { real, modelled }
}

interface Ran {
  outcome: Outcome
  /** `now()` of its transaction. */
  beganAt: Micros
}

/** Runs the function of the database package that has this name, in a transaction. */
export async function runReal(
  { db, ahead }: Pick<Pair, 'db' | 'ahead'>,
  run: Run,
  hold = async () => {},
): Promise<Ran> {
  const { name, args } = run
  const functions: Record<string, unknown> = database
  const send = functions[name] as (db: Db, ...args: readonly unknown[]) => Promise<unknown>
  let beganAt: Micros = 0
  const inTransaction = async (tx: Db) => {
    const row = await tx.one<{ now: string }>(sql`select now()`)
    beganAt = microsOf(row?.now ?? '')
    const answer = await send(tx, ...args)
    await hold()
    return answer
  }
  const outcome = await outcomeOf(() => db.transaction(inTransaction), ahead)
  return { outcome, beganAt }
}

/** @param ahead what is added to times */
export async function outcomeOf(work: () => Promise<unknown>, ahead: Micros = 0): Promise<Outcome> {
  try {
    return comparable(await work(), ahead)
  } catch (error) {
    if (error instanceof Error && 'code' in error) return { refused: error.code }
    throw error
  }
}

const timeFields = /(_at|_deadline|_run|_ms|nextMs|plannedAt)$/
/** Different by nature: durations, places in queues, texts beyond the rows, and which of several parents is named. */
const leftOut = new Set([
  'priority_time',
  'submitted_ns',
  'from',
  'errors',
  'workflow',
  'more',
  'oldest_pack',
  'tookMs',
])

/** Without what cannot be the same: order where there is none, and functions. Times are shifted. */
function comparable(value: unknown, ahead: Micros, key = ''): unknown {
  if (typeof value === 'function') return 'function'
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Map || value instanceof Set) return comparable([...value], ahead, key)
  if (Array.isArray(value)) {
    const items = value.map((item) => comparable(item, ahead))
    return key === 'inputs' || key === 'parents' ? items : items.sort(byText)
  }
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).filter(([name]) => !leftOut.has(name))
    return Object.fromEntries(fields.map(([name, field]) => [name, comparable(field, ahead, name)]).sort(byText))
  }
  if (timeFields.test(key) && typeof value === 'string') return microsOf(value) + ahead
  if (timeFields.test(key) && typeof value === 'number') return Math.round(value * 1000) + ahead
  return value
}

const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)
