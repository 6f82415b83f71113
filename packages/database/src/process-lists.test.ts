import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onOneServer, testDatabase } from '@colonies/testkit'
import type { Db } from './db.js'
import { listGraphs } from './graphs.js'
import { idAt, makePartitions } from './partitions.js'
import {
  type ListedProcesses,
  listByPrefix,
  listLive,
  listResultIds,
  listResults,
  listSubmittedSince,
} from './process-lists.js'
import { sql } from './sql.js'
import { insertProcesses } from './submissions.js'
import { testColony } from './testing/colony.js'
import { rowsRead } from './testing/rows-read.js'

const COUNT = 10
const bytesMax = 1_000_000
const DAY_MS = 86_400_000
/** Of those that wait, and of those that have ended. */
const ROWS = 1_000
const RUNNING = 100
/** One of so many is rare. */
const RARE = 20

const any = { colonyName: 'dev', count: COUNT, executorType: '', label: '', user: '', after: '', bytesMax }

test('a history that begins before 1970 is the whole history', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', [])
  const process = colony.process()
  await insertProcesses(db, colony.key, [process], [])
  for (const seconds of [60, 2 ** 31 - 1]) {
    const filter = { state: 0, executorId: '', seconds, colonyName: 'dev', count: COUNT, after: '', bytesMax }
    const listed = await listSubmittedSince(db, colony.key, filter)
    assert.deepEqual(idsOf(listed), [process.processId])
  }
})

test('a page ends before its texts are too many, and says how many it would have had', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', [])
  const processes = Array.from({ length: 3 }, () => colony.process({ spec: `{"funcname":"${'f'.repeat(1_000)}"` }))
  await insertProcesses(db, colony.key, processes, [])
  for (const [most, expected] of [
    [1, 1],
    [2_500, 2],
    [bytesMax, 3],
  ] as const) {
    const listed = await listLive(db, colony.key, { ...any, state: 0, bytesMax: most })
    assert.deepEqual([listed.texts.length, listed.found], [expected, 3])
  }
})

test('a page with large texts is read row by row, in the same order', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', [])
  const make = (bytes: number) => colony.process({ spec: `{"funcname":"${'f'.repeat(bytes)}"` })
  const processes = [make(1_000_000), make(1_000_000), make(200_000)]
  await insertProcesses(db, colony.key, processes, [])
  const waiting = (most: number) => listLive(db, colony.key, { ...any, state: 0, bytesMax: most })
  const [whole, some] = [await waiting(10_000_000), await waiting(2_150_000)]
  assert.deepEqual(idsOf(whole), processes.map(idOf))
  assert.deepEqual([whole.texts.length, whole.found], [3, 3])
  assert.deepEqual([some.texts.length, some.found], [2, 3])
})

interface List {
  name: string
  of: 'waiting' | 'running' | 'ended' | 'graphs'
  list(db: Db, colony: number, after: string): Promise<readonly object[] | ListedProcesses>
  /** Rows that a page may read. */
  most?: number
}

const history = { colonyName: 'dev', executorId: '', seconds: 3_600, count: COUNT, bytesMax }

const lists: readonly List[] = [
  { name: 'waiting', of: 'waiting', list: (db, c, after) => listLive(db, c, { ...any, state: 0, after }) },
  { name: 'running', of: 'running', list: (db, c, after) => listLive(db, c, { ...any, state: 1, after }) },
  { name: 'ended', of: 'ended', list: (db, c, after) => listResults(db, c, { ...any, state: 2, after }) },
  {
    name: 'ended, by ids alone',
    of: 'ended',
    list: (db, c, after) => listResultIds(db, c, { ...any, state: 2, after }),
    most: 2 * COUNT,
  },
  {
    name: 'ended, of a rare type',
    of: 'ended',
    list: (db, c, after) => listResults(db, c, { ...any, state: 2, executorType: 'rare', after }),
  },
  {
    name: 'ended, with a rare label',
    of: 'ended',
    list: (db, c, after) => listResults(db, c, { ...any, state: 2, label: 'rare', after }),
  },
  {
    name: 'ended, of a rare user',
    of: 'ended',
    list: (db, c, after) => listResults(db, c, { ...any, state: 2, user: 'rare', after }),
  },
  {
    name: 'submitted lately, waiting',
    of: 'waiting',
    list: (db, c, after) => listSubmittedSince(db, c, { ...history, state: 0, after }),
  },
  {
    name: 'submitted lately, running',
    of: 'running',
    list: (db, c, after) => listSubmittedSince(db, c, { ...history, state: 1, after }),
    most: RUNNING + 5 * COUNT,
  },
  {
    name: 'submitted lately, ended',
    of: 'ended',
    list: (db, c, after) => listSubmittedSince(db, c, { ...history, state: 2, after }),
  },
  {
    name: 'submitted lately, ended at an executor',
    of: 'ended',
    list: (db, c, after) => listSubmittedSince(db, c, { ...history, state: 2, executorId: 'e1-id', after }),
  },
  {
    name: 'by the beginning of an id',
    of: 'ended',
    list: (db, c, after) => listByPrefix(db, c, { prefix: '01', colonyName: 'dev', count: COUNT, after, bytesMax }),
  },
  { name: 'graphs', of: 'graphs', list: (db, c, after) => listGraphs(db, c, { state: 2, count: COUNT, after }) },
]

test(
  'a page of any list reads few rows for each that it has, however deep it is and however many there are',
  onOneServer('it counts the rows that one server reads'),
  async (t) => {
    const { db } = await testDatabase(t)
    const todayMs = Math.floor(Date.now() / DAY_MS) * DAY_MS
    const range = { suffix: 'today', low: idAt(todayMs), high: idAt(todayMs + 2 * DAY_MS) }
    assert.equal(await makePartitions(db, range), 'made')
    const { key, process } = await testColony(db, 'dev', ['e1'])
    const rare = { label: 'rare', executorType: 'rare', initiatorName: 'rare' }
    const make = (count: number) => Array.from({ length: count }, (_, n) => process(n % RARE === 0 ? rare : {}))
    const made = { waiting: make(ROWS), running: make(RUNNING), ended: make(ROWS) }
    await insertProcesses(db, key, [...made.waiting, ...made.running, ...made.ended], [])
    await runSome(db, key, made.running.map(idOf))
    await endSome(db, key, made.ended.map(idOf))
    await addEndedGraphs(db, key)
    const check = async (age: string) => {
      for (const { name, of, list, most = 5 * COUNT } of lists) {
        for (const after of ['', of === 'graphs' ? middleGraph : middleOf(made[of])]) {
          const read = await rowsRead(db, async (tx) => assert.equal(foundIn(await list(tx, key, after)), COUNT, name))
          assert.ok(read <= most, `${name} on ${age} tables, after '${after}': ${read} rows are read`)
        }
      }
    }
    await check('freshly filled')
    for (const table of ['live', 'results', 'process_specs', 'graphs']) await db.oneByOne([`analyze ${table}`])
    await check('analysed')
  },
)

const idOf = ({ processId }: { processId: string }) => processId

const idsOf = ({ texts }: ListedProcesses) =>
  (JSON.parse(`[${texts.join(',')}]`) as { processid: string }[]).map(({ processid }) => processid)

const foundIn = (listed: readonly object[] | ListedProcesses) => ('found' in listed ? listed.found : listed.length)

const middleOf = (processes: readonly { processId: string }[]) => processes[processes.length / 2]?.processId ?? ''

const middleGraph = (ROWS / 2).toString(16).padStart(64, '0')

function runSome(db: Db, colony: number, ids: readonly string[]): Promise<number> {
  return db.run(sql`
    update live set state = 1, holder = 'e1-id', holder_name = 'e1', attempt = 1, started_at = now()
    where colony = ${colony} and process_id = any(${ids}::text[])`)
}

function endSome(db: Db, colony: number, ids: readonly string[]): Promise<number> {
  return db.run(sql`
    with ended as (
      delete from live where colony = ${colony} and process_id = any(${ids}::text[]) returning process_id
    )
    insert into results (colony, process_id, state, holder, holder_name, attempt, retries, ended_at, executor_type, label,
      initiator_user)
    select s.colony, s.process_id, 2, 'e1-id', 'e1', 1, 0,
      now() - (row_number() over (order by s.process_id)) * interval '1 ms', s.executor_type, s.label, s.initiator_user
    from ended join process_specs s on s.colony = ${colony} and s.process_id = ended.process_id`)
}

function addEndedGraphs(db: Db, colony: number): Promise<number> {
  return db.run(sql`
    insert into graphs (colony, graph_id, initiator_id, initiator_name, total, success)
    select ${colony}, lpad(to_hex(n), 64, '0'), '', '', 1, 1 from generate_series(1, ${ROWS}::int) n`)
}
