import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Db, sql } from '@colonies/database'
import { type Crowd, loopSteps, startCrowd } from './crowd.js'
import { assertSameMemory, assertSamePace, pace, type Steps, walk, warmUp } from './pace.js'

test('one colony is as fast as ever among 100 000', async (t) => {
  const crowd = await startCrowd(t)
  const { serverOwner } = crowd
  const grow = (from: number, to: number) => growColonies(crowd.db, { from, to })
  await grow(1, 1_000)
  const steps = stepsOf(crowd)
  await warmUp(steps)
  const few = await pace(steps)
  await grow(1_001, 100_000)
  await assertSamePace(t, steps, few)
  await assertSameMemory(t, crowd.server, async () => {
    const count = await walk((last: { name: string } | undefined) =>
      serverOwner.getColonies({ after: last?.name ?? '' }),
    )
    assert.equal(count, 100_002)
  })
})

function stepsOf(crowd: Crowd): Steps {
  const { serverOwner, colonyname } = crowd
  const { user } = crowd.scene.clients
  return {
    'colonies, the last': () => serverOwner.getColonies({ after: 'c0099900' }),
    'a colony': () => user.getColony({ colonyname }),
    'a colony comes and goes': async () => {
      await serverOwner.addColony({ colony: { name: 'temp', colonyid: 'a'.repeat(64) } })
      await serverOwner.removeColony({ colonyname: 'temp' })
    },
    'statistics of all': () => serverOwner.getStatistics({}),
    ...loopSteps(crowd),
  }
}

async function growColonies(db: Db, { from, to }: { from: number; to: number }): Promise<void> {
  await db.run(sql`
    insert into colonies (name, colony_id)
    select 'c' || lpad((100000 - n)::text, 7, '0'), lpad(to_hex(n), 64, '0')
    from generate_series(${from}::int, ${to}::int) n`)
}
