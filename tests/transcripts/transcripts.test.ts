import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type TestColony, testColony } from '@colonies/testkit'
import { differences, frameDifferences } from './compare.js'
import { type DeliberateDifference, deliberateDifferences, isListed } from './deliberate.js'
import { post, subscribe } from './exchange.js'
import { scenarios } from './scenarios/index.js'
import { type Case, cases, type Frame, malformedCases, type Reply } from './transcript.js'
import { World } from './world.js'

/** Cases about the whole server; the others share one. */
const needsOwnServer =
  /^(changeserveridmsg|getstatisticsmsg: statistics of an empty|getcoloniesmsg: list colonies when)/

const used = new Set<DeliberateDifference>()

describe('the golden transcripts of the original server', () => {
  const scope = {
    cleanUps: [] as (() => Promise<void>)[],
    after: (work: () => Promise<void>) => void scope.cleanUps.push(work),
  }
  let shared: TestColony
  let number = 0
  before(async () => {
    shared = await testColony(scope, { loops: true })
  })
  after(async () => {
    for (const cleanUp of scope.cleanUps) await cleanUp()
  })

  for (const one of cases) {
    const title = `${one.type}: ${one.name.replace(`${one.type}: `, '')}`
    test(title, async (t) => {
      const own = needsOwnServer.test(title)
      const server = own ? await emptyServer(t) : shared
      const world = new World({ url: server.url, serverKey: server.keys.server }, ++number)
      expectDeliberate(one, await replay(one, world))
    })
  }

  test('malformed requests', async (t) => {
    const server = await emptyServer(t)
    const world = new World({ url: server.url, serverKey: server.keys.server }, 0)
    await world.has('executor1')
    await world.replay('updateexecutormsg', 'update executor capabilities')
    await world.replay('reportallocationmsg', 'report allocation')
    for (const { name, body, reply } of malformedCases) {
      await t.test(name, async () => {
        const found = differences(world.translate(reply as never) as unknown as Reply, await post(server.url, body))
        expectDeliberate({ type: 'malformed', name }, found)
      })
    }
  })

  test('no difference is listed that does not occur', () => {
    const unused = deliberateDifferences.filter((row) => !used.has(row)).map(({ line }) => line)
    assert.deepEqual(unused, [])
  })
})

async function replay(one: Case, world: World): Promise<string[]> {
  const scenario = scenarios[`${one.type}: ${one.name}`] ?? scenarios[one.type]
  assert.ok(scenario, `no scenario for ${one.type}`)
  const plan = await scenario(world, one)
  const { reply, frames = [], end = '' } = one
  if (reply) return differences(world.translate(reply as never) as unknown as Reply, await world.send(one, plan))

  const count = end.startsWith('the server') ? Number.POSITIVE_INFINITY : frames.length
  const got = await subscribe(world.url, world.envelope(one, plan), { ...plan, count })
  const expected = world.translate(frames as never) as unknown as Frame[]
  const found = got.frames.flatMap((frame, at) => {
    const recorded = expected[at]
    return recorded ? frameDifferences(recorded, frame) : [`one more frame, ${frame.payloadtype}`]
  })
  if (got.frames.length < expected.length) found.push(`frames ${expected.length} → ${got.frames.length}`)
  if (got.closedWith !== undefined) found.push(`closed with ${got.closedWith}`)
  return found
}

function expectDeliberate(one: { type: string; name: string }, found: string[]): void {
  const unlisted = found.filter((difference) => {
    const rows = isListed(one, difference)
    for (const row of rows) used.add(row)
    return rows.length === 0
  })
  assert.deepEqual(unlisted, [])
}

/** A server without any colony. */
async function emptyServer(t: { after(cleanUp: () => Promise<void>): void }): Promise<TestColony> {
  const server = await testColony(t)
  await server.serverOwner.removeColony({ colonyname: server.name })
  return server
}
