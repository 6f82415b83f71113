import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Client, ClientOptions } from '@colonies/client'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { testColony } from '@colonies/testkit'
import { History } from './history.js'
import { recordedClient } from './recorded-client.js'

/** An executor whose answers get lost when a test says so: `mute` never asks again, `stubborn` does. */
async function recordedExecutor(t: TestContext) {
  const colony = await testColony(t)
  const history = new History()
  const privateKey = generatePrivateKey()
  const executor = { colonyname: colony.name, executorname: 'ada', executorid: identityOf(privateKey) }
  await colony.colonyOwner.addExecutor({ executor: { ...executor, executortype: 'cli' } })
  await colony.colonyOwner.approveExecutor({ colonyname: colony.name, executorname: 'ada' })
  let lost = 0
  const lossyFetch: NonNullable<ClientOptions['fetch']> = async (url, init) => {
    const response = await fetch(url, init)
    if (lost === 0) return response
    lost -= 1
    throw new TypeError('the answer was lost')
  }
  const client = (forMs: number): Client => {
    const retry = { forMs, maxMs: 50 }
    const options = { endpoint: colony.url, privateKey, retry, fetch: lossyFetch }
    return recordedClient({ history, colonyname: colony.name }, options)
  }
  const loseAnswers = (count: number) => {
    lost = count
  }
  return { colony, history, mute: client(0), stubborn: client(10_000), loseAnswers }
}

const toldBy = (history: History) =>
  history.records.splice(0).map(({ operation, ids, attempt, outcome, code }) => {
    return { operation, ids, attempt, outcome, ...(outcome === 'refused' && { code }) }
  })

test('each item of a close of many is told as a close of its own', async (t) => {
  const { colony, history, mute, stubborn, loseAnswers } = await recordedExecutor(t)
  for (let count = 0; count < 3; count += 1) await colony.submit()
  const held = await stubborn.waitForProcesses({ colonyname: colony.name, timeout: 10, count: 3 })
  const [a = '', b = '', c = ''] = held.map(({ processid }) => processid)
  const wait = { operation: 'waitForProcess', attempt: 1, outcome: 'ok' }
  assert.deepEqual(
    toldBy(history),
    [a, b, c].map((id) => ({ ...wait, ids: [id] })),
  )

  const closeOf = (id: string) => ({ operation: 'closeSuccessful', ids: [id], attempt: 1 })
  const failureOf = (id: string) => ({ ...closeOf(id), operation: 'closeFailed' })
  const both = [
    { processid: a, attempt: 1, out: [1] },
    { processid: b, attempt: 1, failed: true, errors: ['no'] },
  ]
  loseAnswers(1)
  await mute.closeMany(colony.name, both)
  assert.deepEqual(toldBy(history), [
    { ...closeOf(a), outcome: 'unknown' },
    { ...failureOf(b), outcome: 'unknown' },
  ])
  // Repeated by the library, and once more by its caller, in another company.
  loseAnswers(1)
  await stubborn.closeMany(colony.name, [...both, { processid: c, attempt: 2, out: [1] }])
  assert.deepEqual(toldBy(history), [
    { ...closeOf(a), outcome: 'ok' },
    { ...failureOf(b), outcome: 'ok' },
    { ...closeOf(c), attempt: 2, outcome: 'refused', code: 'lease_lost' },
  ])
})

test('a wait for many that nothing came of is told too', async (t) => {
  const { colony, history, mute, loseAnswers } = await recordedExecutor(t)
  const wait = { colonyname: colony.name, timeout: -1, count: 3 }
  assert.deepEqual(await mute.waitForProcesses(wait), [])
  loseAnswers(1)
  await assert.rejects(mute.waitForProcesses(wait))
  const told = { operation: 'waitForProcess', ids: [], attempt: undefined }
  assert.deepEqual(toldBy(history), [
    { ...told, outcome: 'ok' },
    { ...told, outcome: 'unknown' },
  ])
})
