import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onOneServer, testDatabase } from '@colonies/testkit'
import { readAgenda } from './agenda.js'
import { deleteAttribute, insertAttribute } from './attributes.js'
import { appendEntries } from './channel-appends.js'
import { readChannelNews, readEntries } from './channels.js'
import { claimProcesses } from './claims.js'
import { closeFailed, closeSuccessful, failOverdue } from './closes.js'
import { countColony, rollUpGraphs } from './counters.js'
import type { Db } from './db.js'
import { typesWithReady } from './due.js'
import { readEvents } from './events.js'
import { graphIdsFrom } from './id-prefixes.js'
import { insertLogs } from './logs.js'
import { coloniesWithOverdue } from './overdue.js'
import { idAt, makePartitions } from './partitions.js'
import { listByPrefix, listLive, listResultIds, listResults, listSubmittedSince, readResults } from './process-lists.js'
import { lostBy, readProcesses, setOutput } from './processes.js'
import { releaseHeldBy, releaseOverdue } from './releases.js'
import { sql } from './sql.js'
import { insertProcesses } from './submissions.js'
import { anyShape, claimant, testColony } from './testing/colony.js'
import { watched } from './testing/watched.js'

const ROWS = 4000
const LAST_DAY = Date.UTC(2099, 11, 31)

const filter = {
  colonyName: 'dev',
  state: 0,
  count: 10,
  executorType: '',
  label: '',
  user: '',
  after: '',
  bytesMax: 10,
}
const history = { colonyName: 'dev', state: 2, executorId: '', seconds: 60, count: 10, after: '', bytesMax: 10 }
const channel = { processId: 'x', name: 'a' }
const entry = { sender: 'x', attempt: 0, sequence: 1n, inReplyTo: 0n, type: '', payload: '', bytes: 0, requestId: 'r' }
const page = { count: 10, bytes: 10 }
const fence = { processId: 'x', holder: 'e1-id', attempt: 0 }

const attribute = { processId: 'x', attributeId: 'y', type: 1, key: 'k', value: 'v' }

const hotStatements: { name: string; index: string; run(db: Db, colony: number): Promise<unknown> }[] = [
  { name: 'claim', index: 'live_queue', run: (db, c) => claimProcesses(db, c, anyShape, [claimant('e1', 'a')]) },
  {
    name: 'claim of varied',
    index: 'live_list',
    run: (db, c) => claimProcesses(db, c, { ...anyShape, isVaried: true }, [claimant('e1')]),
  },
  {
    name: 'claim of several',
    index: 'live_queue',
    run: (db, c) => claimProcesses(db, c, anyShape, [claimant('e1'), claimant('e2')]),
  },
  {
    name: 'claim asked again',
    index: 'hashtext(assign_id)',
    run: (db, c) => claimProcesses(db, c, anyShape, [claimant('e1', 'a')]),
  },
  {
    name: 'claim from a priority time on',
    index: 'live_list',
    run: (db, c) => claimProcesses(db, c, { ...anyShape, from: 1n }, [claimant('e1'), claimant('e2')]),
  },
  {
    name: 'claim that sees names',
    index: 'wanted_queue',
    run: (db, c) => claimProcesses(db, c, anyShape, [claimant('e1')]),
  },
  {
    name: 'claim in graphs',
    index: 'live_queue',
    run: (db, c) => claimProcesses(db, c, { ...anyShape, inGraphs: true }, [claimant('e1'), claimant('e2')]),
  },
  {
    name: 'claim of named',
    index: 'wanted_queue',
    run: (db, c) => claimProcesses(db, c, { ...anyShape, isNamed: true }, [claimant('e1')]),
  },
  {
    name: 'close',
    index: 'live_pkey',
    run: (db, c) => closeSuccessful(db, c, [{ ...fence, output: null }], { leavesGraphs: true }),
  },
  {
    name: 'close of a node',
    index: 'live_pkey',
    run: (db, c) => closeSuccessful(db, c, [{ ...fence, output: null }]),
  },
  { name: 'fail', index: 'live_pkey', run: (db, c) => closeFailed(db, c, [{ ...fence, errors: null }]) },
  { name: 'log', index: 'live_pkey', run: (db, c) => insertLogs(db, c, [{ ...fence, message: 'm' }]) },
  { name: 'output', index: 'live_pkey', run: (db, c) => setOutput(db, c, { ...fence, output: '[]' }) },
  {
    name: 'attribute',
    index: 'live_pkey',
    run: (db, c) => insertAttribute(db, c, attribute, { ...fence, most: 10, bytesMax: 10 }),
  },
  { name: 'removal of an attribute', index: 'live_pkey', run: (db, c) => deleteAttribute(db, c, 'x', fence) },
  {
    name: 'just overdue',
    index: 'live_deadline',
    run: (db, c) => releaseOverdue(db, c, { limit: 100, withinSeconds: 15 }),
  },
  { name: 'colonies with what is just overdue', index: 'live_deadline', run: (db) => coloniesWithOverdue(db, 15) },
  {
    name: 'agenda',
    index: 'live_deadline',
    run: (db) => readAgenda(db, { withinMs: 1_000, silentSeconds: 60 }),
  },
  { name: 'overdue', index: 'live_deadline', run: (db, c) => releaseOverdue(db, c, { limit: 100 }) },
  { name: 'overdue and spent', index: 'live_deadline', run: (db, c) => failOverdue(db, c, { limit: 100 }) },
  {
    name: 'what was lost',
    index: 'live_pkey',
    run: (db, c) => lostBy(db, c, 'e1-id', { processIds: ['x'], attempts: [0] }),
  },
  { name: 'release of a holder', index: 'live_holder', run: (db, c) => releaseHeldBy(db, c, 'e1-id') },
  { name: 'poll', index: 'live_queue', run: (db, c) => typesWithReady(db, c, ['cli']) },
  { name: 'read', index: 'process_specs_default_pkey', run: (db, c) => readProcesses(db, c, ['x']) },
  { name: 'list of waiting', index: 'live_list', run: (db, c) => listLive(db, c, filter) },
  { name: 'list by label', index: 'live_list', run: (db, c) => listLive(db, c, { ...filter, label: 'a' }) },
  { name: 'list by user', index: 'live_list', run: (db, c) => listLive(db, c, { ...filter, user: 'a' }) },
  {
    name: 'processes by the beginning of an id',
    index: 'process_specs_default_pkey',
    run: (db, c) => listByPrefix(db, c, { prefix: '0199', colonyName: 'dev', count: 2, after: '', bytesMax: 10 }),
  },
  {
    name: 'graphs by the beginning of an id',
    index: 'graphs_pkey',
    run: (db, c) => graphIdsFrom(db, c, { prefix: '0199', count: 2, after: '' }),
  },
  {
    name: 'list of ended',
    index: 'results_default_colony_state_ended_at',
    run: (db, c) => listResults(db, c, { ...filter, state: 2 }),
  },
  {
    name: 'list of ended, by ids alone',
    index: 'results_default_colony_state_ended_at',
    run: (db, c) => listResultIds(db, c, { ...filter, state: 2 }),
  },
  {
    name: 'some that have ended',
    index: 'results_default_pkey',
    run: (db, c) => readResults(db, c, { colonyName: 'dev', bytesMax: 10, ids: ['01', '02'] }),
  },
  {
    name: 'list of ended by type',
    index: 'results_default_colony_state_executor_type',
    run: (db, c) => listResults(db, c, { ...filter, state: 2, executorType: 'rare' }),
  },
  {
    name: 'next page of what ended',
    index: 'results_default_colony_state_ended_at',
    run: (db, c) => listResults(db, c, { ...filter, state: 2, after: 'x' }),
  },
  { name: 'next page of what waits', index: 'live_list', run: (db, c) => listLive(db, c, { ...filter, after: 'x' }) },
  { name: 'history', index: 'results_default_pkey', run: (db, c) => listSubmittedSince(db, c, history) },
  {
    name: 'history of an executor',
    index: 'results_default_pkey',
    run: (db, c) => listSubmittedSince(db, c, { ...history, executorId: 'e1-id', after: 'x' }),
  },
  {
    name: 'history of what waits',
    index: 'live_pkey',
    run: (db, c) => listSubmittedSince(db, c, { ...history, state: 0 }),
  },
  { name: 'append to a process', index: 'live_pkey', run: (db, c) => appendEntries(db, c, [{ ...channel, ...entry }]) },
  { name: 'append', index: 'channels_pkey', run: (db, c) => appendEntries(db, c, [{ ...channel, ...entry }]) },
  {
    name: 'repeated append',
    index: 'channel_entries_request',
    run: (db, c) => appendEntries(db, c, [{ ...channel, ...entry }]),
  },
  {
    name: 'read of a channel',
    index: 'channel_entries_pkey',
    run: (db, c) => readEntries(db, c, { ...channel, from: 5, ...page }),
  },
  {
    name: 'news of channels',
    index: 'channel_entries_pkey',
    run: (db, c) => readChannelNews(db, c, [{ ...channel, position: 0 }], page),
  },
  { name: 'statistics', index: 'graphs_uncounted', run: (db, c) => countColony(db, c) },
  { name: 'graphs to be counted', index: 'graphs_uncounted', run: (db, c) => rollUpGraphs(db, c, 10) },
  { name: 'events', index: 'events_default_colony_xact', run: (db, c) => readEvents(db, c, 0n) },
]

/** An index of a table of processes of which only the first column is looked for, unless it only has what is to be done. */
const WHOLE_COLONY =
  /Index (?:Only )?Scan using (?!graphs_uncounted)\S+ on (?:live|wanted|process_specs|results|events|edges|graphs|graph_nodes|attributes|logs|requests|channels|channel_entries)(?:_\w+)?\b.*\n\s*Index Cond: \(colony = \$\d+\)/

/** All that an executor holds, where one process of it is looked for; and all executors of a colony. */
const CLAIMS_TOO_MUCH =
  /using live_holder.*\n\s*Index Cond: (?!.*hashtext)|using executors_\w+ on executors.*\n\s*Index Cond: \(colony = \$\d+\)/

async function check(db: Db, colony: number, age: string): Promise<void> {
  for (const { name, index, run } of hotStatements) {
    const plans: string[] = []
    await run(watched(db, plans), colony)
    const plan = plans.join('\n')
    assert.ok(plan.includes(index), `${name} on ${age} tables uses ${index}:\n${plan}`)
    if (index === 'live_pkey') assert.doesNotMatch(plan, /live_(holder|list)/, `${name}, ${age}:\n${plan}`)
    if (name.startsWith('claim')) assert.doesNotMatch(plan, CLAIMS_TOO_MUCH, `${name} on ${age} tables:\n${plan}`)
    assert.doesNotMatch(
      plan,
      /Seq Scan on (live|wanted|process_specs|results|events|edges|graphs|channels|channel_entries)/,
      `${name}, ${age}:\n${plan}`,
    )
    assert.doesNotMatch(plan, WHOLE_COLONY, `${name} on ${age} tables walks a colony:\n${plan}`)
  }
}

test(
  'hot statements walk their index on empty, freshly filled and analysed tables',
  onOneServer('it reads plans of plain tables'),
  async (t) => {
    const { db } = await testDatabase(t)
    const colony = await testColony(db, 'dev', ['e1', 'e2'])
    await check(db, colony.key, 'empty')
    await db.run(sql`vacuum analyze live`)
    await db.run(sql`vacuum analyze wanted`)
    await check(db, colony.key, 'vacuumed empty')
    assert.equal(
      await makePartitions(db, { suffix: '20991231', low: idAt(LAST_DAY), high: idAt(LAST_DAY + 1) }),
      'made',
    )
    await check(db, colony.key, 'partitioned')
    const processes = Array.from({ length: ROWS }, (_, n) => colony.process({ names: n % 10 === 0 ? ['e1'] : null }))
    await insertProcesses(db, colony.key, processes, [])
    const claimed = await claimProcesses(
      db,
      colony.key,
      anyShape,
      Array.from({ length: 500 }, () => claimant('e2')),
    )
    await closeSuccessful(
      db,
      colony.key,
      claimed.slice(0, 250).map((row) => ({ processId: row.process_id, holder: 'e2-id', attempt: 1, output: '[1]' })),
    )
    await check(db, colony.key, 'freshly filled')
    for (const table of [
      sql`analyze live`,
      sql`analyze wanted`,
      sql`analyze results`,
      sql`analyze events`,
      sql`analyze process_specs`,
    ])
      await db.run(table)
    await check(db, colony.key, 'analysed')
  },
)
