import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '@colonies/database'
import { type Crowd, loopSteps, startCrowd } from './crowd.js'
import { assertSameMemory, assertSamePace, pace, type Steps, walk, warmUp } from './pace.js'
import { assertRemoved } from './removal.js'

const workflowspec = '{"functionspecs":[{"nodename":"a","conditions":{"executortype":"none"}}]}'
/** The id of the nth of a kind. */
const hex = (digit: string, n: number) => digit + n.toString(16).padStart(63, '0')
/** The last page of a list by name comes after it. */
const LAST = 'n0099900'
const fullGenerator = hex('b', 1)

test('a colony with 100 000 crons, generators, arguments and blueprints is as fast as ever, and goes whole', async (t) => {
  const crowd = await startCrowd(t)
  const { colonyname } = crowd
  const { user } = crowd.scene.clients
  await grow(crowd, { from: 1, to: 1_000 })
  const steps = { ...stepsOf(crowd), ...blueprintSteps(crowd), ...loopSteps(crowd) }
  await warmUp(steps)
  const few = await pace(steps)
  await grow(crowd, { from: 1_001, to: 100_000 })
  await assertSamePace(t, steps, few)
  await assertSameMemory(t, crowd.server, async () => {
    const lists = [
      await walk(async (last: { cronid: string } | undefined) =>
        user.getCrons({ colonyname, count: 10_000, after: last?.cronid ?? '' }),
      ),
      await walk(
        async (last: { generatorid: string } | undefined) =>
          (await user.getGenerators({ colonyname, count: 10_000, after: last?.generatorid ?? '' })) ?? [],
      ),
      await walk((last: Named) => user.getBlueprintDefinitions({ colonyname, after: last?.metadata.name ?? '' })),
      await walk(
        async (last: Named) =>
          (await user.getBlueprints({ namespace: colonyname, kind: 'n0000001', after: last?.metadata.name ?? '' })) ??
          [],
      ),
    ]
    assert.deepEqual(lists, [100_000, 100_000, 100_000, 100_000])
  })
  await assertRemoved(t, crowd)
})

type Named = { metadata: { name: string } } | undefined

function stepsOf({ scene, colonyname }: Crowd): Steps {
  const { user } = scene.clients
  return {
    'the first crons': () => user.getCrons({ colonyname, count: 100 }),
    'the last crons': () => user.getCrons({ colonyname, count: 100, after: hex('a', 99_900) }),
    'a cron comes, runs and goes': async () => {
      const { cronid } = await user.addCron({ cron: { colonyname, name: 'temp', interval: 1000, workflowspec } })
      await user.runCron({ cronid })
      await user.removeCron({ cronid })
    },
    'the last generators': () => user.getGenerators({ colonyname, count: 100, after: hex('b', 99_900) }),
    'a generator with many arguments': () => user.getGenerator({ generatorid: fullGenerator }),
    'a generator by its name': () => user.resolveGenerator({ colonyname, generatorname: 'n0000001' }),
    'a generator comes, runs and goes': async () => {
      const generator = { colonyname, name: 'temp', trigger: 2, workflowspec }
      const { generatorid } = await user.addGenerator({ generator })
      await user.packGeneratorMany({ generatorid, args: ['a', 'b', 'c'] })
      await user.removeGenerator({ generatorid })
    },
  }
}

function blueprintSteps({ scene, colonyname }: Crowd): Steps {
  const { user, owner } = scene.clients
  const namespace = colonyname
  const blueprint = (name: string, text: string) => ({
    kind: 'n0000001',
    metadata: { colonyname, name },
    spec: { text },
  })
  let generation = 0
  return {
    'the last definitions': () => user.getBlueprintDefinitions({ colonyname, after: LAST, count: 100 }),
    'a definition comes and goes': async () => {
      await owner.addBlueprintDefinition({
        blueprintdefinition: { metadata: { colonyname, name: 'temp' }, spec: { names: { kind: 'temp' } } },
      })
      await owner.removeBlueprintDefinition({ namespace, name: 'temp' })
    },
    'the last blueprints': () => user.getBlueprints({ namespace, after: LAST, count: 100 }),
    'the last blueprints of a kind': () => user.getBlueprints({ namespace, kind: 'n0000001', after: LAST, count: 100 }),
    'the last blueprints at a place': () =>
      user.getBlueprints({ namespace, kind: 'n0000001', locationname: 'here', after: LAST, count: 100 }),
    'a blueprint': () => user.getBlueprint({ namespace, name: 'n0000500' }),
    'a blueprint changes': () => user.updateBlueprint({ blueprint: blueprint('n0000500', String(++generation)) }),
    'its history': () => user.getBlueprintHistory({ blueprintid: hex('d', 500) }),
    'its state': () => user.updateBlueprintStatus({ colonyname, blueprintname: 'n0000500', status: {} }),
    'a blueprint comes and goes': async () => {
      await user.addBlueprint({ blueprint: blueprint('temp', '') })
      await user.removeBlueprint({ namespace, name: 'temp' })
    },
  }
}

/** Adds so many of each past the server. Arguments wait for one generator, all blueprints are of one kind. */
async function grow({ db, colony }: Crowd, range: { from: number; to: number }): Promise<void> {
  const numbers = sql`generate_series(${range.from}::int, ${range.to}::int) n`
  const name = sql`'n' || lpad(n::text, 7, '0')`
  const id = (digit: string) => sql`${digit} || lpad(to_hex(n), 63, '0')`
  await db.run(sql`
    insert into crons (colony, cron_id, name, initiator_id, initiator_name, initiator_is_user, interval_seconds,
      expression, random, time_zone, server_time_zone, catchup, waits, overlap, workflow, next_run)
    select ${colony}, ${id('a')}, ${name}, '', '', true, 1000, '', false, '', 'UTC', false, false, '', ${workflowspec},
      now() + interval '1 day' from ${numbers}`)
  await db.run(sql`
    insert into generators (colony, generator_id, name, initiator_id, initiator_name, initiator_is_user, workflow,
      trigger_count, timeout_seconds, arg_bytes_max, due_at)
    select ${colony}, ${id('b')}, ${name}, '', '', true, ${workflowspec}, 1000, 0, 1000, now() + interval '1 day'
    from ${numbers}`)
  await db.run(sql`
    insert into generator_args (colony, generator_id, place, arg) select ${colony}, ${fullGenerator}, n, '' from ${numbers}`)
  await db.run(sql`
    update generators set packed = ${range.to}::bigint where colony = ${colony} and generator_id = ${fullGenerator}`)
  await db.run(sql`
    insert into blueprint_definitions (colony, name, definition_id, kind, executor_type, function_name, interval_seconds,
      document)
    select ${colony}, ${name}, ${id('c')}, ${name}, '', '', 60,
      json_build_object('metadata', json_build_object('name', ${name}, 'colonyname', ''),
        'spec', json_build_object('names', json_build_object('kind', ${name})))::text
    from ${numbers}`)
  await db.run(sql`
    insert into blueprints (colony, name, blueprint_id, kind, location, place, metadata, spec, status, generation)
    select ${colony}, ${name}, ${id('d')}, 'n0000001', 'here', 'here', '{}', '{}', '{}', 1 from ${numbers}`)
  await db.run(sql`
    insert into blueprint_history (colony, blueprint_id, generation, kind, name, spec, status, changed_by, change_type)
    select ${colony}, ${id('d')}, 1, 'n0000001', ${name}, '{}', '{}', ${id('e')}, 'create' from ${numbers}`)
  // As autovacuum does within a minute: these tables grow slowly.
  for (const statement of [sql`analyze crons`, sql`analyze generators`, sql`analyze blueprints`])
    await db.run(statement)
}
