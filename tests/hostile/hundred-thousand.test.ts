import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from '@colonies/client'
import { sql } from '@colonies/database'
import { generatePrivateKey } from '@colonies/identity'
import { type TestDatabase, testDatabase } from '@colonies/testkit'
import { makeElsewhere, makeScene, type Scene } from '../access/scene.js'
import { tableChecksums } from '../access/table-checksums.js'
import { startChildServer } from './child-server.js'
import { Connection, type RawReply } from './connection.js'
import { type Malformed, malformedEnvelope, type ValidRequest } from './malformed-envelopes.js'
import { seededRandom } from './random.js'
import { validRequests } from './valid-requests.js'

const COUNT = Number(process.env.COLONIES_HOSTILE_COUNT ?? 100_000)
const SEED = Number(process.env.COLONIES_HOSTILE_SEED ?? 1)
const CONNECTIONS = 24
/** Requests before the memory is measured for the first time: by then all code has been compiled. */
const WARM_UP = COUNT / 5

/** What the server writes without a request: signs of life, and sums over rows that are compared themselves. */
const writtenByLoops = { tables: ['replicas', 'leader_lease', 'counters'], columns: ['last_heard_at'] }

test(`${COUNT} malformed envelopes change nothing, leave nothing behind, and are in nobody's way`, async (t) => {
  const database = await testDatabase(t)
  const keys = { server: generatePrivateKey() }
  const server = await startChildServer(t, database, keys.server)
  const serverOwner = createClient({ endpoint: `http://127.0.0.1:${server.port}`, privateKey: keys.server })
  const elsewhere = await makeElsewhere({ serverOwner, keys })
  const honest = await makeScene({ serverOwner, keys }, elsewhere, 'honest')
  const attacked = await makeScene({ serverOwner, keys }, elsewhere, 'attacked')
  const requests = await validRequests(attacked, 'http')
  const checksums = await checksumsWithout(database, honest)
  const before = await checksums()
  const linesBefore = server.lines.length

  const work = honestWork(honest)
  const started = performance.now()
  const attack = attackWith(requests, server.port)
  await attack.run(WARM_UP)
  const warm = await server.memory()
  await attack.run(COUNT - WARM_UP)
  const seconds = (performance.now() - started) / 1000
  const latencies = await work.stop()
  const after = await server.memory()

  assert.ok(server.isAlive)
  assert.deepEqual(await checksums(), before)
  const grownMegabytes = (after.heapBytes + after.externalBytes - warm.heapBytes - warm.externalBytes) / 2 ** 20
  assert.ok(grownMegabytes < 8, `the heap has grown by ${grownMegabytes.toFixed(1)} MB`)
  const logged = server.lines.length - linesBefore
  assert.ok(logged < 30 + 12 * seconds, `${logged} lines in ${seconds} s:\n${server.lines.slice(-30).join('\n')}`)
  assert.ok(latencies.length > seconds, `only ${latencies.length} honest processes in ${seconds} s`)
  const slowest = Math.max(...latencies)
  assert.ok(slowest < 2_000, `an honest process took ${slowest.toFixed(0)} ms`)
  t.diagnostic(
    `${(COUNT / seconds).toFixed(0)} requests/s, heap grown by ${grownMegabytes.toFixed(1)} MB to ${(after.heapBytes / 2 ** 20).toFixed(0)} MB, ` +
      `rss ${(after.rssBytes / 2 ** 20).toFixed(0)} MB, ${logged} lines, ${latencies.length} honest processes, slowest ${slowest.toFixed(0)} ms; answers ${JSON.stringify(attack.answers)}`,
  )
})

async function checksumsWithout({ db }: TestDatabase, { name }: Scene) {
  const row = await db.one<{ key: number }>(sql`select colony_key as key from colonies where name = ${name}`)
  return () => tableChecksums(db, { ...writtenByLoops, colony: row?.key ?? 0 })
}

/** A user and an executor who do their work, one process after the other. @returns milliseconds of each */
function honestWork({ name, clients: { user, ada } }: Scene) {
  const latencies: number[] = []
  let stopped = false
  const work = async () => {
    while (!stopped) {
      const started = performance.now()
      const assigned = ada.assign({ colonyname: name, timeout: 10 })
      const spec = { funcname: 'f', args: [latencies.length], conditions: { colonyname: name, executortype: 'cli' } }
      const { processid } = await user.submit({ spec })
      assert.equal((await assigned).processid, processid)
      await ada.closeSuccessful({ processid, out: ['done'] })
      latencies.push(performance.now() - started)
    }
  }
  const working = work()
  return {
    async stop() {
      stopped = true
      await working
      return latencies
    },
  }
}

function attackWith(requests: readonly ValidRequest[], port: number) {
  const hostility = { requests, strangerKey: generatePrivateKey(), random: seededRandom(SEED) }
  const answers: Record<string, number> = {}
  return {
    answers,
    async run(count: number) {
      let left = count
      const lane = async () => {
        const connection = new Connection(port)
        while (left-- > 0) {
          const malformed = malformedEnvelope(hostility)
          const code = checkReply(malformed, await connection.post(malformed.body))
          answers[code] = (answers[code] ?? 0) + 1
        }
        connection.close()
      }
      await Promise.all(Array.from({ length: CONNECTIONS }, lane))
    },
  }
}

/** @returns the code of the refusal, or `ok` */
function checkReply({ kind, body, names }: Malformed, { status, body: reply }: RawReply): string {
  const what = () => `${kind}: ${status} ${said} to ${String(body).slice(0, 2_000)}`
  let said = reply
  const { payloadtype, payload, error } = JSON.parse(reply)
  said = Buffer.from(payload, 'base64').toString()
  if (!error) {
    assert.equal(status, 200, what())
    assert.equal(names, undefined, what())
    return 'ok'
  }
  const refusal = JSON.parse(said)
  assert.equal(payloadtype, 'error', what())
  assert.equal(refusal.status, status, what())
  assert.ok([400, 403, 404].includes(status), what())
  assert.ok(refusal.message.length > 10 && refusal.message.length <= 1_000, what())
  assert.ok(refusal.message.includes(names ?? ''), what())
  assert.doesNotMatch(refusal.message, /undefined|\[object|NaN|violates|relation|\.js:/, what())
  return refusal.code
}
