import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onOneServer, testDatabase } from '@colonies/testkit'
import { appendEntries } from './channel-appends.js'
import {
  deleteDropped,
  dropChannelsWithin,
  findChannel,
  openChannel,
  readChannelNews,
  readEntries,
} from './channels.js'
import type { Db } from './db.js'
import { removeProcess } from './removals.js'
import { sql } from './sql.js'
import { insertProcesses } from './submissions.js'
import { testColony } from './testing/colony.js'
import { watched } from './testing/watched.js'

const ROWS = 2000
const page = { count: 10, bytes: 10 }
const message = { sender: 'user-id', attempt: 0, sequence: 1n, inReplyTo: 0n, type: '', payload: 'eA==', bytes: 1 }

/** An index of which only the colony is looked for. The first row of `dropped_channels` is wanted, whichever it is. */
const WHOLE_COLONY = /using (?!dropped_channels_pkey).*\n\s*Index Cond: \(colony = \$\d+\)$|Seq Scan on (?!colonies)/m

async function check(db: Db, colony: number, processId: string, age: string): Promise<void> {
  const channel = { processId, name: 'a' }
  const statements: Record<string, (db: Db) => Promise<unknown>> = {
    open: (db) => openChannel(db, colony, channel),
    find: (db) => findChannel(db, colony, channel),
    append: (db) => appendEntries(db, colony, [{ ...channel, ...message, requestId: age }]),
    read: (db) => readEntries(db, colony, { ...channel, from: 0, ...page }),
    news: (db) => readChannelNews(db, colony, [{ ...channel, position: 0 }], page),
    drop: (db) => dropChannelsWithin(db, colony, { low: 'y', high: 'z' }, 10),
    'delete what was dropped': (db) => deleteDropped(db, colony, 10),
  }
  for (const [name, run] of Object.entries(statements)) {
    const plans: string[] = []
    await run(watched(db, plans))
    const plan = plans.join('\n')
    assert.doesNotMatch(plan, WHOLE_COLONY, `${name}, ${age}:\n${plan}`)
    // Others hold the id as their last column, and would be read from the colony's first row to its last.
    assert.doesNotMatch(plan, /using live_(?!pkey)/, `${name}, ${age}:\n${plan}`)
  }
}

test(
  'whoever appends to one channel or reads it looks at its rows alone',
  onOneServer('it reads plans of plain tables'),
  async (t) => {
    const { db } = await testDatabase(t)
    const colony = await testColony(db, 'dev', [])
    const processes = Array.from({ length: ROWS }, () => colony.process({ channels: '["a"]' }))
    const [first, second] = processes.map(({ processId }) => processId) as [string, string]
    await insertProcesses(db, colony.key, processes.slice(0, 2), [])
    await check(db, colony.key, first, 'empty')
    const plans: string[] = []
    await removeProcess(watched(db, plans), colony.key, first)
    assert.doesNotMatch(plans.join('\n'), WHOLE_COLONY, `removal:\n${plans.join('\n')}`)
    await db.run(sql`vacuum analyze channels`)
    await db.run(sql`vacuum analyze channel_entries`)
    await check(db, colony.key, second, 'vacuumed')
    await insertProcesses(db, colony.key, processes.slice(2), [])
    await db.run(sql`
    insert into channels (colony, process_id, name) select colony, process_id, 'b' from live where colony = ${colony.key}`)
    await check(db, colony.key, second, 'filled')
    for (const table of [sql`analyze live`, sql`analyze channels`, sql`analyze process_specs`]) await db.run(table)
    await check(db, colony.key, second, 'analysed')
  },
)
