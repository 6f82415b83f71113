import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Client, createClient } from '@colonies/client'
import { type Db, sql } from '@colonies/database'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { testDatabase } from '@colonies/testkit'
import { findCronFaults, findPackFaults, readPacked } from '../chaos/judge/schedules.js'
import { findFaults } from '../chaos/judge/tables.js'
import { ReplicaProcess } from '../chaos/stage/replica-process.js'

const kills = Number(process.env.COLONIES_E2E_KILLS ?? 30)
const packs = Number(process.env.COLONIES_E2E_PACKS ?? 5000)
const cronCount = 100
const colonyname = 'killed'
/** Per generator; each has packers of its own. */
const triggers = [1, 3, 7, 50]
const packersPerGenerator = 2

// sleeps: kills at random moments, while time goes by for crons, are what this test is about
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

const workflowOf = (nodename: string) =>
  JSON.stringify({ functionspecs: [{ nodename, funcname: 'f', conditions: { executortype: 'nobody' } }] })

/** Half of the crons by interval, half by expression; every other one makes up for what it missed. */
async function addCrons(user: Client): Promise<void> {
  for (let n = 0; n < cronCount; n += 1) {
    const timing = n % 4 < 2 ? { interval: 1 } : { interval: -1, cronexpression: '* * * * * *' }
    const cron = { colonyname, name: `c${n}`, ...timing, catchup: n % 2 === 0, workflowspec: workflowOf('cron') }
    await user.addCron({ cron })
  }
}

interface Packing {
  user: Client
  generatorid: string
  packer: string
  requests: number
}

/** Hands in one argument after the other, every tenth time three at once. @returns those that were acknowledged */
async function packAll({ user, generatorid, packer, requests }: Packing): Promise<string[]> {
  const acknowledged: string[] = []
  let number = 0
  for (let request = 0; request < requests; request += 1) {
    const args = Array.from({ length: request % 10 === 9 ? 3 : 1 }, () => `${packer}:${number++}`)
    if (args.length > 1) await user.packGeneratorMany({ generatorid, args })
    else await user.packGenerator({ generatorid, arg: args[0] ?? '' })
    acknowledged.push(...args)
    await pause(40)
  }
  return acknowledged
}

/** Until every generator is empty and no planned time is left behind. */
async function settled(db: Db, seconds: number): Promise<void> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await pause(100)) {
    const [row] = await db.all<{ left: number }>(sql`
      select (select count(*) from generators where packed > taken)::int
        + (select count(*) from crons where next_run < now() - interval '1 second')::int as left`)
    if (row?.left === 0) return
  }
}

test(`of two servers one is killed ${kills} times: each planned time and each packed argument has one graph`, {
  timeout: 280_000,
}, async (t) => {
  const { db, config, beforeDrop } = await testDatabase(t)
  const [serverKey, colonyKey, userKey] = [generatePrivateKey(), generatePrivateKey(), generatePrivateKey()]
  const servers = [await ReplicaProcess.on(config, serverKey), await ReplicaProcess.on(config, serverKey)] as const
  for (const server of servers) {
    beforeDrop(() => server.stop())
    await server.start()
  }
  const endpoints = servers.map((server) => server.url)
  const serverOwner = createClient({ endpoints, privateKey: serverKey, retry: { forMs: 60_000, maxMs: 200 } })
  await serverOwner.addColony({ colony: { name: colonyname, colonyid: identityOf(colonyKey) } })
  await serverOwner.as(colonyKey).addUser({ user: { colonyname, userid: identityOf(userKey), name: 'me' } })
  const user = serverOwner.as(userKey)
  await addCrons(user)
  const started = Date.now()
  const requests = packs / (triggers.length * packersPerGenerator)
  const packing = triggers.map(async (trigger) => {
    const generator = { colonyname, name: `g${trigger}`, trigger, timeout: 1, workflowspec: workflowOf(`g${trigger}`) }
    const { generatorid } = await user.addGenerator({ generator })
    const packers = Array.from({ length: packersPerGenerator }, (_, packer) =>
      packAll({ user, generatorid, packer: String(packer), requests }),
    )
    return { trigger, acknowledged: (await Promise.all(packers)).flat() }
  })

  for (let killed = 0; killed < kills; killed += 1) {
    const server = servers[Math.random() < 0.5 ? 0 : 1]
    await pause(Math.random() * 500)
    await server.kill()
    await server.start()
  }
  const packed = await Promise.all(packing)
  await settled(db, 30)
  const seconds = (Date.now() - started) / 1000
  await Promise.all(servers.map((server) => server.stop()))

  const [{ key } = { key: 0 }] = await db.all<{ key: number }>(sql`select colony_key as key from colonies`)
  assert.deepEqual(await findCronFaults(db, key), [])
  const [runs] = await db.all<{ count: number; median: number; worst: number }>(sql`
    select count(*)::int as count, percentile_cont(0.5) within group (order by late) as median, max(late) as worst
    from (select extract(epoch from submitted_at - planned_at)::float8 as late from graphs where cron_id is not null) g`)
  t.diagnostic(
    `${runs?.count} runs of crons in ${seconds} s, late by ${runs?.median} s (median), ${runs?.worst} s at worst`,
  )
  assert.ok((runs?.count ?? 0) > cronCount * (seconds - 10) * 0.9, 'crons ran all the time')
  for (const { trigger, acknowledged } of packed) {
    const graphs = await readPacked(db, key, `g${trigger}`)
    assert.deepEqual(findPackFaults(graphs, trigger, acknowledged), [], `generator for ${trigger}`)
    t.diagnostic(`${acknowledged.length} arguments in ${graphs.length} graphs for ${trigger}`)
  }
  assert.deepEqual(await db.all(sql`select from generator_args`), [])
  assert.deepEqual(await db.all(sql`select name, last_error from crons where last_error <> ''`), [])
  assert.deepEqual(await findFaults(db, key, []), [])
})
