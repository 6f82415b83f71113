import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generatePrivateKey } from '@colonies/identity'
import { startReplicas } from './replicas.js'
import { openStage } from './stage.js'

const quiet = { say: () => {} }

test('all that a stage has to end is ended once, the latest first, also where some of it fails', async () => {
  const { stage, close } = openStage(quiet)
  const ended: number[] = []
  for (const number of [1, 2, 3]) {
    stage.atEnd(async () => {
      ended.push(number)
      if (number > 1) throw new Error(`no end of ${number}`)
    })
  }
  const all = { message: 'no end of 3\nno end of 2' }
  await Promise.all([assert.rejects(close(), all), assert.rejects(close(), all)])
  assert.deepEqual(ended, [3, 2, 1])
})

test('a replica that ends by itself is no kill, and the stage complains of it, even when it was started again', async () => {
  const { stage, close } = openStage(quiet)
  const { config } = await stage.database()
  const [replica] = await startReplicas(stage, { database: config, serverKey: generatePrivateKey(), count: 1 })
  assert.ok(replica?.pid)
  process.kill(replica.pid, 'SIGSEGV')
  while (replica.isReady) await new Promise(setImmediate)
  await assert.rejects(replica.kill(), /ended with SIGSEGV by itself/)
  await replica.start()
  await assert.rejects(close(), /ended with SIGSEGV by itself/)
})

test('a replica that was killed, and one that is stopped without its knowledge, end without complaint', async () => {
  const { stage, close } = openStage(quiet)
  const { config } = await stage.database()
  const replicas = await startReplicas(stage, { database: config, serverKey: generatePrivateKey(), count: 2 })
  await replicas[0]?.kill()
  replicas[1]?.signal('SIGSTOP')
  await close()
  assert.deepEqual(
    replicas.map(({ isReady }) => isReady),
    [false, false],
  )
})
