import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect, type Database, type Db, sql } from '@colonies/database'
import { testDatabase } from '@colonies/testkit'
import '../model/index.js'
import { type Run, statementNames } from '../model/model-database.js'
import { Random } from '../world/random.js'
import { racingRun, randomRun } from './operations.js'
import { makePair, outcomeOf, type Pair, runBoth, runReal } from './pair.js'
import { rowsOfModel, withTimesOf } from './rows-of-model.js'
import { rowsOfPostgres } from './rows-of-postgres.js'
import type { Scene } from './scene.js'

// The model of the simulation answers as PostgreSQL does, and leaves the same rows: the same random statements are sent to
// both. More histories: COLONIES_CONFORMANCE_SEEDS=1000; one again: COLONIES_CONFORMANCE_SEED=7.

const only = process.env.COLONIES_CONFORMANCE_SEED
const count = Number(process.env.COLONIES_CONFORMANCE_SEEDS ?? 12)
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

async function assertSameRows(pair: Pair, after: string): Promise<void> {
  const modelled = rowsOfModel(pair.model.tables.of(pair.colony), pair.model.now)
  await pair.standStill()
  const real = await rowsOfPostgres(pair.db, pair.colony)
  assert.deepEqual(withTimesOf(modelled, real), modelled, `rows differ ${after}`)
}

for (const seed of seeds) {
  test(`statements one after the other do the same to both (seed ${seed})`, async (t) => {
    const { db } = await testDatabase(t)
    const pair = await makePair(db)
    const scene = sceneOf(seed, pair)
    for (let step = 0; step < stepsOfHistory; step++) {
      if (scene.random.chance(0.08)) await pair.passTime(50)
      const run = randomRun(scene)
      seen.add(run.name)
      const after = `after ${run.name}, step ${step} of seed ${seed}`
      const { real, modelled } = await runBoth(pair, run)
      assert.deepEqual(real, modelled, `answers differ ${after}`)
      await assertSameRows(pair, after)
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
      if (scene.random.chance(0.1)) await pair.passTime(50)
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
  const run: Run = { name: 'rollUp', args: [pair.colony, 50_000] }
  const counted = pair.model.tables.of(pair.colony).events.length
  pair.model.run(run)
  for (let events = 0; events < counted; ) {
    const added = (await runReal(pair.db, run)) as { events: number }
    events += added.events
  }
  while (await runReal(pair.db, { name: 'rollUpGraphs', args: [pair.colony, 1000] }));
  assert.deepEqual(await runReal(pair.db, { name: 'coloniesToCount', args: [] }), [])
  assert.deepEqual(pair.model.run({ name: 'coloniesToCount', args: [] }), [])
  await assertSameRows(pair, 'after counting')
}

/** Holds the first statement before its commit, and starts the second. The model says whether that one has to wait. */
async function race({ db, model, standStill }: Pair, { first, second, other, after }: Race): Promise<void> {
  await standStill()
  const [holding, beside] = [model.begin(first), model.begin(second)]
  const modelled: Record<string, unknown> = {}
  assert.ok(holding.start())
  const mustWait = !beside.start()
  if (!mustWait) modelled.second = await outcomeOf(async () => beside.commit())
  modelled.first = await outcomeOf(async () => holding.commit())
  if (mustWait) assert.ok(beside.start())
  if (mustWait) modelled.second = await outcomeOf(async () => beside.commit())

  const real: Record<string, unknown> = {}
  let running: Promise<void> | undefined
  await committed(db, async (tx) => {
    real.first = await outcomeOf(() => runReal(tx, first))
    running = outcomeOf(() => runReal(other, second)).then((outcome) => void (real.second = outcome))
    const waits = await waitsForLock(db, running)
    assert.equal(waits, mustWait, `whether the second waits ${after}`)
    return real.first
  })
  await running
  assert.deepEqual(real, modelled, `answers differ ${after}`)
}

class Refused extends Error {}

/** A transaction that is undone when what it did was refused. */
async function committed(db: Database, work: (tx: Db) => Promise<unknown>): Promise<void> {
  const done = db.transaction(async (tx) => {
    const outcome = await work(tx)
    if (typeof outcome === 'object' && outcome !== null && 'refused' in outcome) throw new Refused()
  })
  await done.catch((error: unknown) => {
    if (!(error instanceof Refused)) throw error
  })
}

/** @returns true as soon as some statement waits for a lock, false as soon as the work is done */
async function waitsForLock(db: Database, work: Promise<void>): Promise<boolean> {
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
  'removeGoneReplicas',
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
