import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises' // sleeps: for as long as it might go on asking
import { testDatabase } from '@colonies/testkit'
import { createLog } from '../log.js'
import { upkeepColony } from '../testing/upkeep.js'
import { EventFeed } from './event-feed.js'

test('while the database is away, a change is looked for a few times, and then by the poll of each second', async (t) => {
  const { db } = await testDatabase(t)
  const { key, name } = await upkeepColony(db, 'dev')
  const lines: string[] = []
  const feed = new EventFeed(db, createLog({ level: 'debug', write: (line) => lines.push(line) }))
  const leave = await feed.follow(
    { key, name },
    {
      of: { executorType: 'cli' },
      wants: () => undefined,
      show() {},
      gone() {},
    },
  )
  t.after(leave)
  await db.close()
  feed.changed(key)
  await setTimeout(400)
  assert.ok(lines.length >= 1 && lines.length <= 3, lines.join(''))
})
