import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '@colonies/testkit'
import { sql } from './sql.js'
import { insertProcesses, type NewProcess } from './submissions.js'
import { testColony } from './testing/colony.js'

test('what a batch is told of its processes is what is stored of them, told once or for each', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', [])
  const priorities = [0, 3, -2, 0]
  const batches: NewProcess[][] = [
    priorities.map((priority) => colony.process({ priority })),
    priorities.map((priority) => colony.process({ priority, waitSeconds: 60 })),
    priorities.map((priority, place) => colony.process({ priority, requestId: `process ${place}` })),
  ]
  for (const batch of batches) {
    const told = await insertProcesses(db, colony.key, batch, [])
    const stored = await db.all<{ process_id: string }>(sql`
      select l.process_id, l.state::int as state, l.priority_time, l.deadline as wait_deadline, s.submitted_at, l.started_at,
        null as exec_deadline, l.list_place = l.priority_time and s.priority_time = l.priority_time as agree
      from live l join process_specs s on s.colony = l.colony and s.process_id = l.process_id
      where l.colony = ${colony.key} and l.process_id = any(${batch.map(({ processId }) => processId)})`)
    const inOrder = told.toSorted((a, b) => a.place - b.place)
    assert.deepEqual(
      inOrder.map(({ place, process_id }) => ({ place, process_id })),
      batch.map(({ processId }, place) => ({ place, process_id: processId })),
    )
    for (const { place: _, fresh, ...row } of inOrder) {
      assert.equal(fresh, true)
      assert.deepEqual(
        { ...row, agree: true },
        stored.find(({ process_id }) => process_id === row.process_id),
      )
    }
  }
})

test('nothing is stored, nor told, of a colony that is gone', async (t) => {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', [])
  const gone = colony.key + 1
  for (const process of [colony.process(), colony.process({ waitSeconds: 60 })]) {
    assert.deepEqual(await insertProcesses(db, gone, [process], []), [])
    const [left] = await db.all(sql`
      select (select count(*) from live where colony = ${gone}) + (select count(*) from process_specs where colony = ${gone})
        + (select count(*) from events where colony = ${gone}) as rows`)
    assert.deepEqual(left, { rows: 0n })
  }
})
