import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coloniesToCount, connect, type Database, rollUp, rollUpGraphs, sql } from '@colonies/database'
import { testDatabase } from '@colonies/testkit'
import '../model/index.js'
import { type Attempt, type Run, statementNames } from '../model/model-database.js'
import type { Micros } from '../model/tables.js'
import { Random } from '../world/random.js'
import { racingRun, randomRun } from './operations.js'
import { makePair, outcomeOf, type Pair, passTime, runBoth, runReal } from './pair.js'
import { rowsOfModel } from './rows-of-model.js'
import { rowsOfPostgres } from './rows-of-postgres.js'
import type { Scene } from './scene.js'

// The model of the simulation answers as PostgreSQL does, and leaves the same rows: the same random statements are sent to
// both. More histories: COLONIES_CONFORMANCE_SEEDS=1000; one again: COLONIES_CONFORMANCE_SEED=7.

const only = process.env.COLONIES_CONFORMANCE_SEED
const count = Number(process.env.COLONIES_CONFORMANCE_SEEDS ?? 8)
const seeds = only === undefined ? Array.from({ length: count }, (_, at) => at + 1) : [Number(only)]
const stepsOfHistory = 120

const seen = new Set<string>()

function sceneOf(seed: number, pair: Pair): Scene {
  const random = new Random(seed)
  let made = 0
  return {
    random,
    colony: pair.model.tables.of(pair.colony),
    newId: () =>
      (++made).toString(16).padStart(12, '0') +
      random
        .between(0, 2 ** 32 - 1)
        .toString(16)
        .padEnd(52, '0'),
  }
}

/** What tells loops whether they have something to do. */
async function assertSameAgenda(pair: Pair, after: string): Promise<void> {
  seen.add('readAgenda')
  for (const aheadMs of [0, 20_000]) {
    const { real, modelled } = await runBoth(pair, {
      name: 'readAgenda',
      args: [{ withinMs: 20_000, silentSeconds: 60, aheadMs }],
    })
    assert.deepEqual(real, modelled, `agendas differ ${after}, ${aheadMs} ms ahead`)
  }
}

async function assertSameRows({ db, model, colony, ahead }: Pair, after: string): Promise<void> {
  const real = await rowsOfPostgres(db, colony, ahead)
  assert.deepEqual(real, rowsOfModel(model.tables.of(colony)), `rows differ ${after}`)
}

for (const seed of seeds) {
  test(`statements one after the other do the same to both (seed ${seed})`, async (t) => {
    const { db } = await testDatabase(t)
    const pair = await makePair(db)
    const scene = sceneOf(seed, pair)
    for (let step = 0; step < stepsOfHistory; step++) {
      if (scene.random.chance(0.08)) await passTime(pair, 50)
      const run = randomRun(scene)
      seen.add(run.name)
      const after = `after ${run.name}, step ${step} of seed ${seed}`
      const { real, modelled } = await runBoth(pair, run)
      assert.deepEqual(real, modelled, `answers differ ${after}`)
      await assertSameRows(pair, after)
      if (step % 10 === 9) await assertSameAgenda(pair, after)
    }
    await assertSameCounters(pair)
  })

  test(`two statements at once do the same to both (seed ${seed})`, async (t) => {
    const { db, config } = await testDatabase(t)
    const other = connect({ ...config, maxConnections: 1 })
    t.after(() => other.close())
    const pair = await makePair(db)
    const scene = sceneOf(seed, pair)
    for (let step = 0; step < stepsOfHistory / 3; step++) {
      if (scene.random.chance(0.1)) await passTime(pair, 50)
      for (let filling = 0; filling < 2; filling++) await runBoth(pair, randomRun(scene))
      const [first, second] = [racingRun(scene), racingRun(scene)]
      await assertSameRows(pair, `before step ${step} of seed ${seed}`)
      const after = `after ${first.name} beside ${second.name}, step ${step} of seed ${seed}`
      await race(pair, { first, second, other, after })
      await assertSameRows(pair, after)
    }
    await assertSameCounters(pair)
  })
}

interface Race {
  first: Run
  second: Run
  /** Where the second statement runs. */
  other: Database
  after: string
}

/**
 * The counters at the end of a history. Every transaction on the same PostgreSQL holds its horizon back, those of other tests
 * too, so there it may take several looks.
 */
async function assertSameCounters(pair: Pair): Promise<void> {
  for (const name of ['coloniesToCount', 'rollUp'] as const) seen.add(name)
  const { db, model, colony } = pair
  const counted = model.tables.of(colony).events.length
  model.run({ name: 'rollUp', args: [colony, 50_000] })
  for (let events = 0; events < counted; ) events += (await rollUp(db, colony, 50_000)).events
  while (await rollUpGraphs(db, colony, 1000));
  assert.deepEqual(await coloniesToCount(db), [])
  assert.deepEqual(model.run({ name: 'coloniesToCount', args: [] }), [])
  await assertSameRows(pair, 'after counting')
}

/** Holds the first statement before its commit, and starts the second. The model has to know whether that one waits. */
async function race(pair: Pair, { first, second, other, after }: Race): Promise<void> {
  let beside: ReturnType<typeof runReal> | undefined
  let waits = false
  const real = {
    first: await runReal(pair, first, async () => {
      beside ??= runReal({ ...pair, db: other }, second)
      waits = await waitsForLock(pair.db, beside)
    }),
    second: await (beside ?? runReal(pair, second)),
  }
  const begin = (run: Run, beganAt: Micros) => {
    pair.setClock(beganAt)
    return pair.model.begin(run)
  }
  const [holding, then] = [begin(first, real.first.beganAt), begin(second, real.second.beganAt)]
  assert.ok(holding.start())
  // A first one that was refused holds nothing any more.
  const modelled = beside ? raceInModel(holding, then) : inTurn(holding, then)
  assert.equal(modelled.waits, waits, `whether the second waits ${after}`)
  const outcomes = await Promise.all(modelled.outcomes)
  const realOutcomes = [real.first.outcome, real.second.outcome]
  assert.deepEqual(withoutChildren(realOutcomes), withoutChildren(outcomes), `answers differ ${after}`)
}

/** Whoever waited for a process locks its newest row, but has read its children before: those that were added are missing. */
const withoutChildren = (outcomes: unknown): unknown =>
  JSON.parse(JSON.stringify(outcomes, (name, value) => (name === 'children' ? undefined : value)))

const commit = (attempt: Attempt) => outcomeOf(async () => attempt.commit())

function raceInModel(holding: Attempt, beside: Attempt) {
  if (!beside.start()) return { ...inTurn(holding, beside), waits: true }
  return { outcomes: [commit(beside), commit(holding)].reverse(), waits: false }
}

function inTurn(first: Attempt, then: Attempt) {
  const outcome = commit(first)
  assert.ok(then.start())
  return { outcomes: [outcome, commit(then)], waits: false }
}

/** @returns true as soon as some statement waits for a lock, false as soon as the work is done */
async function waitsForLock(db: Database, work: Promise<unknown>): Promise<boolean> {
  let isDone = false
  void work.then(() => (isDone = true))
  for (let looks = 0; looks < 2_000; looks++) {
    const row = await db.one(sql`
      select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)
    if (isDone) return false
    if (row) return true
  }
  throw new Error('The second statement neither ended nor waited for a lock.')
}

/** Statements that change nothing which an invariant speaks of, or answer with what the other rows say anyway. */
const exempt = new Set([
  'databaseTime',
  'coloniesWithCrons',
  'coloniesWithGenerators',
  'dueCronIds',
  'dueGeneratorIds',
  'findCron',
  'deleteCron',
  'findGraph',
  'readGraphParts',
  'listAttributes',
  'rollUpGraphs',
  'readServerOwner',
  'ensureServerOwner',
  'readColony',
  'isColony',
  'readColoniesOwnedBy',
  'readMemberships',
  'readDirectoryChanges',
  'findColonyOf',
  'listExecutors',
  'listFunctions',
  'upsertFunction',
  'functionStatistics',
  'beatReplica',
  'listReplicas',
  'takeLease',
  'removeReplica',
])

test('every statement of the model that matters was compared', { skip: only !== undefined }, () => {
  for (const name of ['replaceExecutor', 'insertCron', 'insertGenerator']) seen.add(name) // made each pair
  assert.deepEqual(
    statementNames().filter((name) => !seen.has(name) && !exempt.has(name)),
    [],
  )
})
