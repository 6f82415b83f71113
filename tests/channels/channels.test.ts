import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Client, ClientError, createClient, type Output, type Subscription } from '@colonies/client'
import { sql } from '@colonies/database'
import { type ErrorCode, limits } from '@colonies/protocol'
import { type TestScope, testColony } from '@colonies/testkit'
import { WebSocket } from 'ws'

type Entries = Output<'subscribeChannel'>

const bytes = (text: string) => new TextEncoder().encode(text)
const textOf = ({ payload }: Entries[number]) => new TextDecoder().decode(payload ?? undefined)
const name = 'chat'

/** A colony with `ada`, and clients of a second replica. */
async function scene(t: TestScope) {
  const colony = await testColony(t)
  const ada = await colony.executor('ada')
  const submit = () => colony.submit({ channels: ['chat', 'progress'] })
  const say = (client: Client, processid: string, text: string) =>
    client.channelAppend({ processid, name, payload: bytes(text) })
  const read = (client: Client, processid: string, afterseq = 0) =>
    client.channelRead({ processid, name, afterseq: BigInt(afterseq) })
  const follow = (
    client: Client,
    processid: string,
    more: { afterseq?: bigint; timeout?: number; ended?: boolean } = {},
  ) => client.subscribeChannel({ processid, name, timeout: 60, ...more })
  return { colony, ada, user: colony.user, submit, say, read, follow }
}

const at = (url: string, privateKey: string) =>
  createClient({ endpoint: url, privateKey, retry: { forMs: 0 }, WebSocket: WebSocket as never })

/** Takes frames until so many entries have come, or an empty frame. */
async function take(frames: Subscription<Entries>, count = Number.POSITIVE_INFINITY): Promise<string[]> {
  const texts: string[] = []
  while (texts.length < count) {
    const { value = [] } = await frames.next()
    if (value.length === 0) break
    texts.push(...value.map(textOf))
  }
  return texts
}

const refusedWith = (status: number, code: ErrorCode, text: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ClientError)
  assert.deepEqual([error.status, error.code], [status, code], error.message)
  assert.match(error.message, text)
  return true
}

test('submitter and holder talk, whichever replica each of them asks', async (t) => {
  const { colony, ada, user, submit, say, read, follow } = await scene(t)
  const other = await colony.anotherReplica()
  const userThere = at(other.url, colony.keys.user)
  const id = await submit()
  await say(user, id, 'while it waits')
  const here = follow(user, id)
  const there = follow(userThere, id)
  assert.deepEqual([await take(here, 1), await take(there, 1)], [['while it waits'], ['while it waits']])
  await colony.assign('ada')
  await say(ada, id, 'from the first')
  await say(userThere, id, 'from the second')
  const both = ['from the first', 'from the second']
  assert.deepEqual([await take(here, 2), await take(there, 2)], [both, both])
  assert.deepEqual((await read(userThere, id, 1)).map(textOf), both)
  const [first] = await read(ada, id)
  assert.deepEqual([first?.senderid, first?.type, first?.sequence, first?.inreplyto], [user.id, 'data', 0n, 0n])
  await here.return?.()
  await there.return?.()
})

test('who comes in the middle of forty senders gets each entry once', async (t) => {
  const { colony, user, submit, say, follow } = await scene(t)
  const other = await colony.anotherReplica()
  const userThere = at(other.url, colony.keys.user)
  const id = await submit()
  const subscribers: Promise<string[]>[] = []
  const senders = Array.from({ length: 40 }, async (_, sender) => {
    for (let n = 0; n < 5; n++) {
      await say(sender % 2 === 0 ? user : userThere, id, `${sender}/${n}`)
      if (n === 2 && sender % 10 === 0) subscribers.push(take(follow(sender % 20 === 0 ? user : userThere, id), 200))
    }
  })
  await Promise.all(senders)
  const [first = [], ...others] = await Promise.all(subscribers)
  assert.equal(new Set(first).size, 200)
  assert.equal(others.length, 3)
  for (const one of others) assert.deepEqual(one, first)
})

test('the end of the process is an empty frame after all that was written', async (t) => {
  const { colony, ada, user, submit, say, follow } = await scene(t)
  const id = await submit()
  await colony.assign('ada')
  const frames = follow(user, id)
  await say(ada, id, 'first words')
  assert.deepEqual(await take(frames, 1), ['first words'], 'who subscribes after the end is refused')
  await say(ada, id, 'last words')
  await ada.closeSuccessful({ processid: id, out: [] })
  assert.deepEqual(await take(frames), ['last words'])
  await frames.return?.()
})

test('after the end nothing is written, and old clients hear what the original said', async (t) => {
  const { colony, ada, user, submit, say, read, follow } = await scene(t)
  const id = await submit()
  await colony.assign('ada')
  await say(ada, id, 'kept')
  await ada.closeFailed({ processid: id, errors: ['no'] })
  const gone = refusedWith(404, 'not_found', /^Channel not found/)
  for (const client of [user, ada]) {
    await assert.rejects(say(client, id, 'too late'), gone)
    await assert.rejects(read(client, id), gone)
    await assert.rejects(follow(client, id).next(), gone)
    const kept = await client.channelRead({ processid: id, name, ended: true })
    assert.deepEqual(kept.map(textOf), ['kept'])
    assert.deepEqual(await take(follow(client, id, { ended: true })), ['kept'])
    const [chat, progress] = await client.getChannels({ processid: id })
    assert.deepEqual([chat?.entries, chat?.bytes, progress?.entries], [1, 4n, 0])
  }
})

test('whoever is neither submitter nor holder is refused, and a late owner too', async (t) => {
  const { colony, ada, user, submit, say, read, follow } = await scene(t)
  const eve = await colony.executor('eve')
  const id = await submit()
  const refused = async (client: Client, code: ErrorCode) => {
    await assert.rejects(say(client, id, 'x'), refusedWith(403, code, /^Not authorized to write to channel/))
    await assert.rejects(read(client, id), refusedWith(403, code, /^Not authorized to read from channel/))
    await assert.rejects(follow(client, id).next(), refusedWith(403, code, /^Not authorized to subscribe to channel/))
    await assert.rejects(client.getChannels({ processid: id }), refusedWith(403, code, /^Not authorized/))
  }
  await refused(ada, 'not_running')
  await colony.assign('ada')
  await refused(eve, 'lease_lost')
  await say(ada, id, 'mine')
  const frames = follow(ada, id)
  assert.deepEqual(await take(frames, 1), ['mine'])
  await ada.unassign({ processid: id })
  await assert.rejects(frames.next(), refusedWith(403, 'lease_lost', /^Not authorized to subscribe/))
  await colony.assign('eve')
  await refused(ada, 'lease_lost')
  await say(eve, id, 'mine now')
  const bob = colony.serverOwner.as(colony.keys.server)
  await colony.colonyOwner.addUser({ user: { colonyname: colony.name, userid: bob.id ?? '', name: 'bob' } })
  await refused(bob, 'not_allowed')
  const noSuch = refusedWith(404, 'not_found', /^Channel not found/)
  await assert.rejects(user.channelAppend({ processid: id, name: 'secret' }), noSuch)
  await assert.rejects(user.channelRead({ processid: id, name: '' }), noSuch)
  await assert.rejects(read(user, 'f'.repeat(64)), refusedWith(404, 'not_found', /^Process not found/))
  assert.equal((await read(user, id)).length, 2)
})

test('a subscription ends when its subscriber is no member any more', async (t) => {
  const { colony, user, submit, say, follow } = await scene(t)
  const id = await submit()
  await say(user, id, 'while a member')
  t.mock.timers.enable({ apis: ['setInterval'] })
  const frames = follow(user, id, { timeout: 3600 })
  assert.deepEqual(await take(frames, 1), ['while a member'])
  await colony.colonyOwner.removeUser({ colonyname: colony.name, name: 'me' })
  let over = false
  const refused = assert.rejects(frames.next(), refusedWith(403, 'not_allowed', /^Access denied/)).finally(() => {
    over = true
  })
  while (!over) {
    t.mock.timers.tick(10_000)
    // Another replica may hear of the removal a little later.
    await colony.colonyOwner.getBlueprints({ namespace: colony.name })
  }
  await refused
  // Before the end, which clears intervals that were there before.
  t.mock.timers.reset()
})

test('a subscription without time shows what is there; an attempt and a request id are checked', async (t) => {
  const { colony, ada, user, submit, follow } = await scene(t)
  const id = await submit()
  await colony.assign('ada')
  const append = (attempt: number) =>
    ada.channelAppend({ processid: id, name, attempt, requestid: 'once', payload: bytes(`attempt ${attempt}`) })
  await append(1)
  await append(1)
  await assert.rejects(append(2), refusedWith(403, 'lease_lost', /attempt 1/))
  assert.deepEqual(await take(follow(user, id, { timeout: -1 })), ['attempt 1'])
  assert.deepEqual(await take(follow(user, id, { timeout: -1, afterseq: 1n })), [])
  assert.deepEqual(await take(follow(user, id, { timeout: 1, afterseq: -7n })), ['attempt 1'])
})

test('too fast, too much and too large are told apart', async (t) => {
  const { colony, submit, say, read } = await scene(t)
  // The replica whose rate is played with.
  const user = at(colony.server.url, colony.keys.user)
  const id = await submit()
  await colony.run({
    name: 'one who says that all has been used up',
    everyMs: 0,
    async runOnce({ replica }) {
      t.mock.method(replica.channels.rate, 'take', () => false, { times: 1 })
      return 'rest'
    },
  })
  await assert.rejects(say(user, id, 'too fast'), refusedWith(429, 'too_many', /^rate limit exceeded/))
  await say(user, id, 'in time')
  assert.deepEqual((await read(user, id)).map(textOf), ['in time'])
  const full = await submit()
  await say(user, full, 'first')
  await colony.db.run(sql`update channels set entries = ${limits.channelEntriesMax} where process_id = ${full}`)
  await assert.rejects(say(user, full, 'one too many'), refusedWith(429, 'channel_full', /^channel log is full/))
  const payload = new Uint8Array(limits.channelPayloadBytesMax + 1)
  await assert.rejects(
    user.channelAppend({ processid: full, name, payload }),
    refusedWith(413, 'too_large', /^message payload exceeds maximum size/),
  )
})

test('whoever may not write cannot use up what the parties may write', async (t) => {
  const { colony, submit, say } = await scene(t)
  const user = at(colony.server.url, colony.keys.user)
  const bob = user.as(colony.keys.server)
  await colony.colonyOwner.addUser({ user: { colonyname: colony.name, userid: bob.id ?? '', name: 'bob' } })
  const id = await submit()
  let allAsk = () => {}
  const allAsked = new Promise<void>((resolve) => {
    allAsk = resolve
  })
  await colony.run({
    name: 'one who holds up what bob writes until it is refused',
    everyMs: 0,
    async runOnce({ replica }) {
      const { append } = replica.channels
      let asked = 0
      t.mock.method(replica.channels, 'append', async (...[key, entry]: Parameters<typeof append>) => {
        if (entry.sender !== bob.id) return append(key, entry)
        if (++asked === limits.channelAppendBurst) allAsk()
        await said
        return undefined
      })
      return 'rest'
    },
  })
  const refused = Promise.all(
    Array.from({ length: limits.channelAppendBurst }, () => assert.rejects(say(bob, id, 'x'), /Not authorized/)),
  )
  const said = allAsked.then(() => say(user, id, 'still room'))
  await said
  await refused
})

test('the largest messages come through, page by page', async (t) => {
  const { user, submit, read, follow } = await scene(t)
  const id = await submit()
  const payload = new Uint8Array(limits.channelPayloadBytesMax).map((_, place) => place % 251)
  for (const _ of [1, 2, 3]) await user.channelAppend({ processid: id, name, payload })
  const page = await read(user, id, 1)
  assert.equal(page.length, 1)
  assert.ok(Buffer.from(payload).equals(page[0]?.payload ?? new Uint8Array()))
  const frames = follow(user, id)
  for (let count = 0; count < 3; ) {
    const { value = [] } = await frames.next()
    for (const entry of value) assert.equal(entry.payload?.length, payload.length)
    count += value.length
  }
  await frames.return?.()
})

test('a loop over a channel goes on at another replica when its own stops', async (t) => {
  const { colony, submit } = await scene(t)
  const other = await colony.anotherReplica()
  const id = await submit()
  await colony.assign('ada')
  const retry = { forMs: 20_000, baseMs: 10 }
  const endpoints = [colony.url, other.url]
  const options = { endpoints, retry, privateKey: colony.keys.user, WebSocket: WebSocket as never }
  const chat = createClient(options).channel(id, name)
  const there = at(other.url, colony.keys.user).channel(id, name)
  await chat.append('one')
  const texts: string[] = []
  for await (const { text } of chat) {
    texts.push(text)
    if (text === 'one') {
      await there.append('two')
      await colony.server.stop()
      await there.append('three')
    }
    if (text === 'three') {
      await chat.append('four')
      await at(other.url, colony.keys.user).cancelProcess({ processid: id })
    }
  }
  assert.deepEqual(texts, ['one', 'two', 'three', 'four'])
})

test('entries survive their replica, and go with their process', async (t) => {
  const { colony, user, submit, say, read } = await scene(t)
  const other = await colony.anotherReplica()
  const there = at(other.url, colony.keys.user)
  const [kept, removed] = [await submit(), await submit()]
  for (const id of [kept, removed]) await say(user, id, 'hello')
  await colony.server.stop()
  assert.deepEqual((await read(there, kept)).map(textOf), ['hello'])
  await there.removeProcess({ processid: removed })
  await assert.rejects(read(there, removed), refusedWith(404, 'not_found', /^Process not found/))
})
