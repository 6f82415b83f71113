import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises' // sleeps: see where it is used
import { type Crowd, startCrowd } from './crowd.js'
import { assertSameMemory } from './pace.js'

/** Subscriptions at once, each on a connection of its own. */
const SUBSCRIBERS = 300
const ROUNDS = 3

test('hundreds of subscriptions come and go, and nothing of them stays', async (t) => {
  const crowd = await startCrowd(t)
  await openAndClose(crowd)
  await assertSameMemory(t, crowd.server, async () => {
    for (let round = 0; round < ROUNDS; round++) await openAndClose(crowd)
  })
})

async function openAndClose(crowd: Crowd): Promise<void> {
  const { colonyname, scene } = crowd
  const { user, ada } = scene.clients
  const processid = await scene.held({ channels: ['a'] })
  const open = [
    () => user.subscribeProcess({ processid, executortype: 'cli', state: 2, timeout: 600 }),
    () => user.subscribeProcesses({ colonyname, executortype: 'cli', state: 2, timeout: 600 }),
    () => user.subscribeChannel({ processid, name: 'a', timeout: 600 }),
  ] as const
  const frames = Array.from({ length: SUBSCRIBERS }, (_, n) => open[n % open.length]?.())
  await untilCount(crowd, SUBSCRIBERS)
  // Each is told something, then leaves.
  const news = frames.map((one) => one?.next())
  await ada.channelAppend({ processid, name: 'a', payload: new Uint8Array([1]) })
  await ada.closeSuccessful({ processid, out: [] })
  for (const one of await Promise.all(news)) assert.ok(one?.value)
  for (const one of frames) await one?.return?.()
  await untilCount(crowd, 0)
}

/** Until the server has so many subscriptions and connections, as its metrics say. */
async function untilCount({ server }: Crowd, expected: number): Promise<void> {
  for (const giveUpAt = Date.now() + 30_000; ; ) {
    const page = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text()
    const [subscriptions, connections] = ['colonies_subscriptions', 'colonies_websockets'].map((name) =>
      Number(new RegExp(`^${name}(?:{.*})? (\\d+)`, 'm').exec(page)?.[1]),
    )
    if (subscriptions === expected && connections === expected) return
    assert.ok(Date.now() < giveUpAt, `${subscriptions} subscriptions on ${connections} connections, not ${expected}`)
    await sleep(20) // sleeps: nothing tells when the last connection is closed, and asking takes time from the server
  }
}
