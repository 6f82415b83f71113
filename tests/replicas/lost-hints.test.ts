import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Client, createClient } from '@colonies/client'
import { type Db, sql } from '@colonies/database'
import { generatePrivateKey, identityOf, newId } from '@colonies/identity'
import { type TestColony, type TestScope, testColony, testServer } from '@colonies/testkit'
import { WebSocket } from 'ws'
import { Link } from '../chaos/stage/proxy.js'

/** What is lost is found by the poll of each second; the rest is for a busy machine. */
const FOUND_MS_MAX = 3_000
const READY_MS_MAX = 20_000
const colonyname = 'dev'

/** Two replicas, each of which hears hints by a link of its own. All is done at the first, and waited for at the second. */
interface Scene {
  readonly db: Db
  readonly links: readonly [here: Link, there: Link]
  readonly userHere: Client
  readonly userThere: Client
  readonly executorThere: Client
  readonly thereUrl: string
}

async function scene(t: TestScope): Promise<Scene> {
  const { host, port } = await testServer()
  const links = [await Link.to({ host, port }), await Link.to({ host, port })] as const
  // Each replica reads it when it starts.
  const env = { COLONIES_DB_LISTEN_HOST: '127.0.0.1', COLONIES_DB_LISTEN_PORT: String(links[0].port) }
  const colony = await testColony(t, { env, loops: true })
  colony.database.beforeDrop(() => Promise.all(links.map((link) => link.close())))
  env.COLONIES_DB_LISTEN_PORT = String(links[1].port)
  const there = await colony.anotherReplica()
  const at = (endpoint: string, privateKey: string) =>
    createClient({ endpoint, privateKey, WebSocket: WebSocket as never })
  // Until then the first one tells nobody.
  await untilMetric(colony.server.url, 'colonies_replicas_alive', 2)
  return {
    db: colony.db,
    links,
    userHere: at(colony.server.url, colony.keys.user),
    userThere: at(there.url, colony.keys.user),
    executorThere: at(there.url, await addExecutor(colony)),
    thereUrl: there.url,
  }
}

async function addExecutor({ colonyOwner }: TestColony): Promise<string> {
  const key = generatePrivateKey()
  const executor = { colonyname, executorname: 'ada', executorid: identityOf(key), executortype: 'cli' }
  await colonyOwner.addExecutor({ executor })
  await colonyOwner.approveExecutor({ colonyname, executorname: 'ada' })
  return key
}

/** What somebody waits for at the other replica. `act` makes it happen; what is heard tells what it was. */
interface News {
  readonly name: string
  prepare(scene: Scene): Promise<{ heard: Promise<unknown>; act(): Promise<unknown>; done?(): Promise<unknown> }>
}

const specFor = (executortype: string) => ({
  funcname: 'f',
  channels: ['chat'],
  conditions: { colonyname, executortype },
})

const news: readonly News[] = [
  {
    name: 'a process for an executor that waits',
    async prepare({ userHere, executorThere, thereUrl }) {
      const assigned = executorThere.waitForProcess({ colonyname, timeout: 60 })
      await untilMetric(thereUrl, 'colonies_waiters', 1)
      return {
        heard: assigned.then((process) => process?.processid),
        act: async () => (await userHere.submit({ spec: specFor('cli') })).processid,
      }
    },
  },
  {
    name: 'an event for a subscriber',
    async prepare({ userHere, userThere }) {
      const executortype = newId()
      const frames = userThere.subscribeProcesses({ colonyname, executortype, state: 0, timeout: 600 })
      const submit = async () => (await userHere.submit({ spec: specFor(executortype) })).processid
      // Who hears of one has subscribed.
      for (let heard = frames.next(), isHeard = false; !isHeard; ) {
        await submit()
        // sleeps: a subscription that has begun tells nobody
        isHeard = await Promise.race([heard.then(() => true), pause(200).then(() => false)])
      }
      let last = ''
      const heard = (async () => {
        for await (const { processid } of frames) if (processid === last) return processid
        return undefined
      })()
      return { heard, act: async () => (last = await submit()), done: async () => frames.return?.() }
    },
  },
  {
    name: 'an entry of a channel for a reader',
    async prepare({ userHere, userThere }) {
      const { processid } = await userHere.submit({ spec: specFor('nobody') })
      const say = (text: string) =>
        userHere.channelAppend({ processid, name: 'chat', payload: new TextEncoder().encode(text) })
      const frames = userThere.subscribeChannel({ processid, name: 'chat', timeout: 600 })
      await say('first')
      await frames.next()
      return {
        heard: frames.next().then(({ value }) => new TextDecoder().decode(value?.[0]?.payload ?? undefined)),
        act: () => say('second').then(() => 'second'),
        done: async () => frames.return?.(),
      }
    },
  },
]

/** How hints get lost. `after` is called as soon as the change is acknowledged; notifications follow 10 ms later. */
const moments: readonly { name: string; before?(scene: Scene): void; after?(scene: Scene): unknown }[] = [
  { name: 'the connection is reset between commit and notification', after: ({ links }) => links[1].reset() },
  { name: 'both connections are reset between commit and notification', after: ({ links }) => links.map(resetOne) },
  { name: 'the connection is silent from before the commit', before: ({ links }) => links[1].break('cut') },
  { name: 'the connection falls silent between commit and notification', after: ({ links }) => links[1].break('cut') },
  { name: 'the listener reconnects', before: ({ links }) => cutOff(links[1]) },
  { name: 'both listeners reconnect', before: ({ links }) => links.forEach(cutOff) },
  {
    name: 'all connections of both replicas are killed between commit and notification',
    after: ({ db }) =>
      db.run(sql`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`),
  },
]

const resetOne = (link: Link) => link.reset()

/** Who was connected is told; who tries to connect hears nothing. */
function cutOff(link: Link): void {
  link.break('cut')
  link.reset()
}

test('nobody waits for longer than the poll of a second, however the hint got lost', {
  timeout: 180_000,
}, async (t) => {
  const stage = await scene(t)
  for (const moment of moments) {
    for (const { name, prepare } of news) {
      await untilListening(stage.db, 2)
      const { heard, act, done } = await prepare(stage)
      moment.before?.(stage)
      const expected = await act()
      const from = performance.now()
      const struck = moment.after?.(stage)
      // sleeps: a limit that fails
      const got = await Promise.race([heard, pause(FOUND_MS_MAX).then(() => 'nothing in time')])
      t.diagnostic(`${moment.name}: ${name} after ${Math.round(performance.now() - from)} ms`)
      assert.equal(got, expected, `${moment.name}: ${name}`)
      await struck
      for (const link of stage.links) link.heal()
      await done?.()
    }
  }
})

// sleeps: not by itself
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

async function untilMetric(url: string, name: string, value: number): Promise<void> {
  const pattern = new RegExp(`^${name} (\\d+)$`, 'm')
  await until(`${name} is ${value}`, async () => {
    const text = await (await fetch(`${url}/metrics`)).text()
    return Number(pattern.exec(text)?.[1]) === value
  })
}

async function untilListening(db: Db, count: number): Promise<void> {
  await until(`${count} replicas listen`, async () => {
    const row = await db.one<{ count: number }>(sql`select count(*)::int as count from pg_stat_activity
      where datname = current_database() and query like 'listen %'`)
    return row?.count === count
  })
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  // sleeps: what another replica knows is told by nothing but asking it again
  for (const end = performance.now() + READY_MS_MAX; performance.now() < end; await pause(20)) if (await holds()) return
  throw new Error(`not within ${READY_MS_MAX} ms: ${what}`)
}
