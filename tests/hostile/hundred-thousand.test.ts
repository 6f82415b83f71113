import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from '@colonies/client'
import { sql } from '@colonies/database'
import { generatePrivateKey } from '@colonies/identity'
import { type TestDatabase, testDatabase } from '@colonies/testkit'
import { makeElsewhere, makeScene, type Scene } from '../access/scene.js'
import { tableChecksums } from '../access/table-checksums.js'
import { type Memory, startChildServer } from './child-server.js'
import { Connection, type RawReply } from './connection.js'
import { type Malformed, malformedEnvelope, type ValidRequest } from './malformed-envelopes.js'
import { seededRandom } from './random.js'
import { validRequests } from './valid-requests.js'

/** Fewer or more, and other ones, when asked for. */
const COUNT = Number(process.env.COLONIES_HOSTILE_COUNT ?? 100_000)
const SEED = Number(process.env.COLONIES_HOSTILE_SEED ?? 1)
const CONNECTIONS = 24
const MEGABYTE = 2 ** 20
/** Requests before the memory is measured for the first time: by then all code has been compiled. */
const WARM_UP = COUNT / 5

/** What the server writes without a request: signs of life, and sums over rows that are compared themselves. */
const writtenByLoops = {
  tables: ['replicas', 'leader_lease', 'listening', 'counters'],
  columns: ['last_heard_at', 'counted_state'],
}

test(`${COUNT} malformed envelopes change nothing, leave nothing behind, and are in nobody's way`, async (t) => {
  const database = await testDatabase(t)
  const keys = { server: generatePrivateKey() }
  const server = await startChildServer(t, database, keys.server)
  const serverOwner = createClient({ endpoint: `http://127.0.0.1:${server.port}`, privateKey: keys.server })
  const elsewhere = await makeElsewhere({ serverOwner, keys })
  const honest = await makeScene({ serverOwner, keys }, elsewhere, 'honest')
  const attacked = await makeScene({ serverOwner, keys }, elsewhere, 'attacked')
  const requests = await validRequests(attacked, 'http')
  // The colony has crons of a minute, which would run while a slow machine is busy here.
  await database.db.run(sql`update crons set next_run = next_run + interval '1 day'`)
  const checksums = await checksumsWithout(database, honest)
  const before = await checksums()
  const linesBefore = server.lines.length

  const work = honestWork(honest)
  const attack = attackWith(requests, server.port)
  const started = performance.now()
  let warm: Memory
  try {
    await attack(WARM_UP)
    warm = await server.memory()
    await attack(COUNT - WARM_UP)
  } finally {
    await work.stop()
  }
  const seconds = (performance.now() - started) / 1000
  const now = await server.memory()

  assert.ok(server.isAlive)
  assert.deepEqual(await checksums(), before)
  const grownBytes = now.heapBytes + now.externalBytes - warm.heapBytes - warm.externalBytes
  assert.ok(grownBytes < 16 * MEGABYTE, `the memory has grown by ${grownBytes} bytes`)
  const lines = server.lines.slice(linesBefore)
  assert.ok(lines.length < 30 + 12 * seconds, `${lines.length} lines in ${seconds} s:\n${lines.slice(-30).join('\n')}`)
  const slowest = Math.max(...work.latencies)
  assert.ok(work.latencies.length > seconds, `only ${work.latencies.length} honest processes in ${seconds} s`)
  assert.ok(slowest < 3_000, `an honest process took ${slowest} ms`)
  t.diagnostic(`${(COUNT / seconds).toFixed()} requests/s; memory grown by ${(grownBytes / MEGABYTE).toFixed(1)} MB`)
  t.diagnostic(
    `${work.latencies.length} honest processes, slowest ${slowest.toFixed()} ms; ${lines.length} lines logged`,
  )
})

async function checksumsWithout({ db }: TestDatabase, { name }: Scene) {
  const row = await db.one<{ key: number }>(sql`select colony_key as key from colonies where name = ${name}`)
  return () => tableChecksums(db, { ...writtenByLoops, colony: row?.key ?? 0 })
}

/** A user and an executor who do their work, one process after the other; it is known how many milliseconds each took. */
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
    latencies,
    async stop() {
      stopped = true
      await working
    },
  }
}

/** @returns sends so many malformed requests, on all connections at once */
function attackWith(requests: readonly ValidRequest[], port: number): (count: number) => Promise<void> {
  const hostility = { requests, strangerKey: generatePrivateKey(), random: seededRandom(SEED) }
  return async (count) => {
    let left = count
    const lane = async () => {
      const connection = new Connection(port)
      while (left-- > 0) {
        const malformed = malformedEnvelope(hostility)
        checkReply(malformed, await connection.post(malformed.body))
      }
      connection.close()
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, lane))
  }
}

function checkReply(malformed: Malformed, reply: RawReply): void {
  try {
    checkAnswer(malformed.names, reply)
  } catch (cause) {
    const { kind, body } = malformed
    throw new Error(`${kind}: ${reply.status} ${reply.body} to ${String(body).slice(0, 2_000)}`, { cause })
  }
}

/** A reply is an envelope; a refusal has a sentence that names what was wrong, and nothing of the server's inside. */
function checkAnswer(names: string | undefined, { status, body }: RawReply): void {
  const { payloadtype, payload, error } = JSON.parse(body)
  const answer = JSON.parse(Buffer.from(payload, 'base64').toString())
  if (!error) {
    assert.deepEqual([status, names], [200, undefined])
    return
  }
  const { message } = answer
  assert.deepEqual([payloadtype, answer.status], ['error', status])
  assert.ok([400, 403, 404].includes(status))
  assert.ok(message.length > 10 && message.length <= 1_000 && message.includes(names ?? ''), message)
  assert.doesNotMatch(message, /undefined|\[object|NaN|violates|relation|\.js:/)
}
