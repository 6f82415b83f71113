import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { type TestContext, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { configFrom } from '../config.js'
import { Arrivals } from './arrivals.js'
import { listen } from './listener.js'
import { Metrics } from './metrics.js'

const REGULARS = 30
const NEWCOMERS = 60
/** Of processor time for each request. */
const WORK_MS = 1

async function startBusy(t: TestContext) {
  const { http: config } = configFrom({ COLONIES_SERVER_HTTP_HOST: '127.0.0.1', COLONIES_SERVER_PORT: '0' })
  const metrics = new Metrics()
  const answer = async () => {
    for (const end = performance.now() + WORK_MS; performance.now() < end; );
    return { status: 200, body: '{}', payloadtype: 'testmsg', onUnsent: undefined }
  }
  const listener = await listen({ config, metrics, answer, unready: () => undefined, upgrade: () => {} })
  const agent = new Agent({ keepAlive: true })
  t.after(async () => {
    agent.destroy()
    metrics.close()
    await listener.stop(1_000)
  })
  return async () => {
    const sent = request({ port: listener.port, method: 'POST', path: '/api', agent }).end('{}')
    const [response] = await once(sent, 'response')
    await once(response.resume(), 'end')
  }
}

test('a busy server lets in those who come all at once while those who are connected go on asking', async (t) => {
  const send = await startBusy(t)
  let [answers, stopped] = [0, false]
  const regulars = Array.from({ length: REGULARS }, async () => {
    for (; !stopped; answers += 1) await send()
  })
  // Until all of them have a connection.
  while (answers < 3 * REGULARS) await send()
  const before = answers
  await Promise.all(Array.from({ length: NEWCOMERS }, send))
  const rounds = (answers - before) / REGULARS
  stopped = true
  await Promise.all(regulars)
  t.diagnostic(`${rounds.toFixed(1)} answers for each that was connected`)
  assert.ok(
    rounds < NEWCOMERS / 4,
    `each of the others had ${rounds.toFixed(1)} answers until the last newcomer had one`,
  )
})

test('those who waited are let in by portions, in their order', async () => {
  const arrivals = new Arrivals()
  const [letIn, portions]: [number[], number[]] = [[], []]
  arrivals.came()
  const all = Array.from({ length: 1_000 }, (_, n) => n)
  for (const n of all) arrivals.after(() => letIn.push(n))
  while (letIn.length < all.length) {
    const before = letIn.length
    await nextTurn()
    portions.push(letIn.length - before)
    // Who comes meanwhile stands behind them.
    if (letIn.length === 400) arrivals.after(() => letIn.push(all.push(1_000) - 1))
  }
  assert.deepEqual(letIn, all)
  assert.ok(Math.max(...portions) <= 200, `${Math.max(...portions)} at once`)
})
