import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Channel, type Client, createClient } from '@colonies/client'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { testDatabase } from '@colonies/testkit'
import { WebSocket } from 'ws'
import { ReplicaProcess } from '../chaos/stage/replica-process.js'

const kills = Number(process.env.COLONIES_E2E_CHANNEL_KILLS ?? 12)
const colonyname = 'killed'
const name = 'chat'

// sleeps: a kill at a random moment, while both parties write, is what this test is about
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

interface Party {
  channel: Channel
  who: string
}

/** Writes one message after the other until told to stop. @returns those that were acknowledged */
async function write({ channel, who }: Party, stop: AbortSignal): Promise<string[]> {
  const acknowledged: string[] = []
  while (!stop.aborted) {
    const text = `${who} ${acknowledged.length}`
    await channel.append(text)
    acknowledged.push(text)
    await pause(10)
  }
  return acknowledged
}

/** @returns all messages until the process has ended */
async function follow({ channel }: Party): Promise<string[]> {
  const texts: string[] = []
  for await (const { text } of channel) texts.push(text)
  return texts
}

async function addParties(serverOwner: Client, clientOf: (key: string) => { at: [Client, Client] }) {
  const [colonyKey, userKey, executorKey] = [generatePrivateKey(), generatePrivateKey(), generatePrivateKey()]
  await serverOwner.addColony({ colony: { name: colonyname, colonyid: identityOf(colonyKey) } })
  const owner = serverOwner.as(colonyKey)
  await owner.addUser({ user: { colonyname, userid: identityOf(userKey), name: 'me' } })
  await owner.addExecutor({
    executor: { colonyname, executorname: 'ada', executorid: identityOf(executorKey), executortype: 'cli' },
  })
  await owner.approveExecutor({ colonyname, executorname: 'ada' })
  return { user: clientOf(userKey).at, ada: clientOf(executorKey).at }
}

test(`of two servers one is killed ${kills} times: a channel has each message once, in the same order for all`, {
  timeout: 240_000,
}, async (t) => {
  const { config, beforeDrop } = await testDatabase(t)
  const serverKey = generatePrivateKey()
  const servers = [await ReplicaProcess.on(config, serverKey), await ReplicaProcess.on(config, serverKey)] as const
  for (const server of servers) {
    beforeDrop(() => server.stop())
    await server.start()
  }
  const [first, second] = [servers[0].url, servers[1].url]
  const retry = { forMs: 60_000, maxMs: 200 }
  const at = (endpoints: string[], privateKey: string) =>
    createClient({ endpoints, privateKey, retry, WebSocket: WebSocket as never })
  // Each party begins at another server, and goes to the other one when its own is gone.
  const { user, ada } = await addParties(at([first, second], serverKey), (key) => ({
    at: [at([first, second], key), at([second, first], key)],
  }))
  const conditions = { colonyname, executortype: 'cli' }
  const { processid } = await user[0].submit({ spec: { funcname: 'talk', channels: [name], conditions } })
  await ada[1].assign({ colonyname, timeout: 20 })

  const parties = [
    { who: 'user', channel: user[0].channel(processid, name) },
    { who: 'ada', channel: ada[1].channel(processid, name) },
  ]
  const readers = [...user, ...ada].map((client) => follow({ who: '', channel: client.channel(processid, name) }))
  const stop = new AbortController()
  const writing = Promise.all(parties.map((party) => write(party, stop.signal)))
  for (let killed = 0; killed < kills; killed += 1) {
    const server = servers[Math.random() < 0.5 ? 0 : 1]
    await pause(Math.random() * 500)
    await server.kill()
    await server.start()
  }
  stop.abort()
  const acknowledged = (await writing).flat()
  await ada[0].closeSuccessful({ processid, out: [] })

  const [seen = [], ...others] = await Promise.all(readers)
  t.diagnostic(`${acknowledged.length} messages in ${kills} kills`)
  assert.ok(acknowledged.length > kills)
  assert.deepEqual([...seen].sort(), acknowledged.sort())
  for (const other of others) assert.deepEqual(other, seen)
  for (const { who } of parties) {
    const own = seen.filter((text) => text.startsWith(who))
    assert.deepEqual(
      own,
      own.map((_, place) => `${who} ${place}`),
    )
  }
})
