import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { limits } from '@colonies/protocol'
import { testDatabase } from '@colonies/testkit'
import { appendEntries, type NewEntry } from './channel-appends.js'
import {
  coloniesWithDropped,
  deleteDropped,
  dropChannelsWithin,
  findChannel,
  listChannels,
  openChannel,
  readChannelNews,
  readEntries,
} from './channels.js'
import { claimProcesses } from './claims.js'
import { cancelProcess, closeSuccessful } from './closes.js'
import { giveBack } from './releases.js'
import { removeProcess } from './removals.js'
import { sql } from './sql.js'
import { insertProcesses, type NewProcess } from './submissions.js'
import { anyShape, claimant, testColony } from './testing/colony.js'

const everything = { count: 10_000, bytes: limits.channelReadBytesMax }
const base64 = (text: string) => Buffer.from(text).toString('base64')

async function scene(t: TestContext) {
  const { db } = await testDatabase(t)
  const colony = await testColony(db, 'dev', ['ada', 'eve'])
  /** @returns the id of a process of `user` with channels a and b */
  const submit = async (changes: Partial<NewProcess> = {}) => {
    const process = colony.process({ channels: '["a","b"]', ...changes })
    await insertProcesses(db, colony.key, [process], [])
    return process.processId
  }
  const entry = (processId: string, changes: Partial<NewEntry> = {}): NewEntry => ({
    processId,
    name: 'a',
    sender: 'user-id',
    attempt: 0,
    sequence: 1n,
    inReplyTo: 0n,
    type: 'data',
    payload: base64('hello'),
    bytes: 5,
    requestId: '',
    ...changes,
  })
  const append = async (...entries: NewEntry[]) => (await appendEntries(db, colony.key, entries)).outcomes
  const open = (processId: string, name = 'a') => openChannel(db, colony.key, { processId, name })
  const read = (processId: string, name = 'a', from = 0) =>
    readEntries(db, colony.key, { processId, name, from, ...everything })
  const assign = async (executor: string) =>
    (await claimProcesses(db, colony.key, anyShape, [claimant(executor)]))[0]?.process_id ?? ''
  const close = (processId: string, holder: string) =>
    closeSuccessful(db, colony.key, [{ processId, holder, attempt: 0, output: null }])
  return { db, key: colony.key, submit, entry, append, open, read, assign, close }
}

test('entries get positions in the order in which they come, whatever their sequence', async (t) => {
  const s = await scene(t)
  const id = await s.submit()
  assert.deepEqual(await s.append(s.entry(id)), [undefined], 'the channel is not open yet')
  await s.open(id)
  await s.open(id)
  await s.append(s.entry(id, { sequence: 3n }), s.entry(id, { sequence: 1n, payload: null, bytes: 0, type: 'end' }))
  await s.append(s.entry(id, { sequence: 2n, inReplyTo: -5n, payload: '', bytes: 0 }))
  assert.deepEqual(
    (await s.read(id)).map(({ added_at, ...row }) => row),
    [
      { position: 0, sequence: 3n, in_reply_to: 0n, sender: 'user-id', entry_type: 'data', payload: base64('hello') },
      { position: 1, sequence: 1n, in_reply_to: 0n, sender: 'user-id', entry_type: 'end', payload: null },
      { position: 2, sequence: 2n, in_reply_to: -5n, sender: 'user-id', entry_type: 'data', payload: '' },
    ],
  )
  assert.deepEqual(
    (await s.read(id, 'a', 2)).map(({ position }) => position),
    [2],
  )
  const [a, b] = await listChannels(s.db, s.key, id)
  assert.deepEqual([a?.name, a?.entries, a?.bytes], ['a', 3, 5n])
  assert.deepEqual(b, { name: 'b', entries: 0, bytes: 0n, last_at: null })
})

test('forty senders at once leave no gap and lose nothing', async (t) => {
  const s = await scene(t)
  const ids = [await s.submit(), await s.submit()]
  for (const id of ids) await s.open(id)
  const appends = Array.from({ length: 40 }, (_, n) =>
    s.append(...[...ids].reverse().map((id) => s.entry(id, { sequence: BigInt(n) }))),
  )
  assert.ok((await Promise.all(appends)).flat().every((outcome) => outcome === 'stored'))
  for (const id of ids) {
    const rows = await s.read(id)
    assert.deepEqual(
      rows.map(({ position }) => position),
      Array.from({ length: 40 }, (_, n) => n),
    )
    assert.equal(new Set(rows.map(({ sequence }) => sequence)).size, 40)
  }
})

test('only the submitter and who holds the process right now may append', async (t) => {
  const s = await scene(t)
  const id = await s.submit()
  await s.open(id)
  const by = (sender: string, attempt = 0) => s.append(s.entry(id, { sender, attempt }))
  assert.deepEqual(await by('ada-id'), [undefined], 'it waits')
  await s.assign('ada')
  assert.deepEqual(await by('ada-id'), ['stored'])
  assert.deepEqual(await by('ada-id', 1), ['stored'])
  assert.deepEqual(await by('ada-id', 2), [undefined])
  assert.deepEqual(await by('user-id', 1), [undefined], 'the submitter holds no attempt')
  assert.deepEqual(await by('eve-id'), [undefined])
  await giveBack(s.db, s.key, [{ processId: id, holder: 'ada-id', attempt: 1 }])
  assert.deepEqual(await by('ada-id'), [undefined], 'it was given back')
  await s.assign('eve')
  assert.deepEqual(await by('ada-id'), [undefined], 'another one has it')
  assert.deepEqual(await by('eve-id', 2), ['stored'])
  await s.close(id, 'eve-id')
  for (const sender of ['user-id', 'eve-id']) assert.deepEqual(await by(sender), [undefined])
  assert.equal((await s.read(id)).length, 3)
})

test('one refused message does not stop the others of its batch', async (t) => {
  const s = await scene(t)
  const [id, ended] = [await s.submit(), await s.submit()]
  await s.open(id)
  await s.open(ended)
  await cancelProcess(s.db, s.key, ended)
  const outcomes = await s.append(
    s.entry(id, { sender: 'eve-id' }),
    s.entry(ended),
    s.entry(id),
    s.entry('f'.repeat(64)),
    s.entry(id),
  )
  assert.deepEqual(outcomes, [undefined, undefined, 'stored', undefined, 'stored'])
  assert.deepEqual(
    (await s.read(id)).map(({ position }) => position),
    [0, 1],
  )
})

test('a request that comes again is stored once, even at the same moment', async (t) => {
  const s = await scene(t)
  const id = await s.submit()
  await s.open(id)
  await s.open(id, 'b')
  const entry = s.entry(id, { requestId: 'r1' })
  assert.deepEqual(await s.append(entry, entry), ['stored', 'stored'])
  assert.deepEqual(await s.append(entry), ['stored'])
  await s.assign('ada')
  await s.append({ ...entry, name: 'b' }, { ...entry, sender: 'ada-id' })
  assert.deepEqual([(await s.read(id)).length, (await s.read(id, 'b')).length], [2, 1])
  const again = Array.from({ length: 20 }, (_, n) => s.entry(id, { requestId: `r${2 + (n % 4)}` }))
  const outcomes = await Promise.all(again.map((one) => s.append(one)))
  assert.ok(outcomes.flat().every((outcome) => outcome === 'stored'))
  assert.deepEqual(
    (await s.read(id)).map(({ position }) => position),
    [0, 1, 2, 3, 4, 5],
  )
})

test('a full channel takes nothing more, and nothing is evicted', async (t) => {
  const s = await scene(t)
  const id = await s.submit()
  await s.open(id)
  await s.open(id, 'b')
  await s.db.run(sql`update channels set entries = ${limits.channelEntriesMax - 2} where name = 'a'`)
  assert.deepEqual(await s.append(s.entry(id), s.entry(id), s.entry(id)), ['stored', 'stored', 'full'])
  assert.deepEqual(await s.append(s.entry(id), s.entry(id, { name: 'b' })), ['full', 'stored'])
  await s.db.run(sql`update channels set bytes = ${limits.channelBytesMax - 12} where name = 'a'`)
  const b = (bytes: number) => s.entry(id, { name: 'b', bytes })
  assert.deepEqual(await s.append(b(5), b(3), b(1)), ['stored', 'full', 'full'], 'the bytes of all channels count')
})

test('an append and the end of its process come one after the other', async (t) => {
  const s = await scene(t)
  const id = await s.submit()
  await s.assign('ada')
  await s.open(id)
  let close: Promise<unknown> | undefined
  await s.db.transaction(async (tx) => {
    await appendEntries(tx, s.key, [s.entry(id)])
    close ??= s.close(id, 'ada-id')
    // Until the close waits for this transaction.
    const waits = sql`
      select 1 from pg_locks l where not l.granted and pg_backend_pid() = any(pg_blocking_pids(l.pid))`
    while (!(await tx.one(waits)));
  })
  await close
  const place = { processId: id, name: 'a', position: 0 }
  const news = (await readChannelNews(s.db, s.key, [place], everything)).get(0)
  assert.deepEqual([news?.ended, news?.holder, news?.entries.length, news?.total], [true, 'ada-id', 1, 1])
})

test('a process that waits and was locked by an append is told, so that a claim looks again', async (t) => {
  const s = await scene(t)
  const id = await s.submit()
  await s.open(id)
  assert.deepEqual((await appendEntries(s.db, s.key, [s.entry(id)])).steppedOver, ['cli'])
  await s.assign('ada')
  assert.deepEqual((await appendEntries(s.db, s.key, [s.entry(id)])).steppedOver, [])
})

test('how a channel stands: declared, whose, in which state', async (t) => {
  const s = await scene(t)
  const id = await s.submit()
  const stands = (name: string) => findChannel(s.db, s.key, { processId: id, name })
  const standing = { state: 0, attempt: 0, initiatorId: 'user-id', holder: null }
  assert.deepEqual(await stands('a'), { ...standing, declared: true })
  assert.deepEqual(await stands('c'), { ...standing, declared: false })
  const none = await s.submit({ channels: null })
  assert.equal((await findChannel(s.db, s.key, { processId: none, name: 'a' }))?.declared, false)
  assert.deepEqual(await listChannels(s.db, s.key, none), [])
  await s.assign('ada')
  await s.close(id, 'ada-id')
  assert.deepEqual(await stands('a'), { ...standing, state: 2, attempt: 1, holder: 'ada-id', declared: true })
  assert.equal(await findChannel(s.db, s.key, { processId: 'f'.repeat(64), name: 'a' }), undefined)
})

test('a page ends at its bytes, but never before its first entry', async (t) => {
  const s = await scene(t)
  const id = await s.submit()
  await s.open(id)
  const payload = base64('x'.repeat(100))
  await s.append(...Array.from({ length: 5 }, () => s.entry(id, { payload, bytes: 100 })))
  const page = async (from: number, count: number, bytes: number) =>
    (await readEntries(s.db, s.key, { processId: id, name: 'a', from, count, bytes })).map(({ position }) => position)
  assert.deepEqual(await page(0, 10, 250), [0, 1])
  assert.deepEqual(await page(2, 10, 1), [2])
  assert.deepEqual(await page(1, 2, 1_000), [1, 2])
  assert.deepEqual(await page(5, 10, 1_000), [])
})

test('news of many places come at once, within bounds', async (t) => {
  const s = await scene(t)
  const ids = [await s.submit(), await s.submit(), await s.submit()]
  for (const id of ids.slice(0, 2)) await s.open(id)
  const [first = '', second = '', third = ''] = ids
  await s.append(...Array.from({ length: 3 }, () => s.entry(first)), s.entry(second))
  const at = (processId: string, position: number) => ({ processId, name: 'a', position })
  const places = [at(first, 0), at(first, 2), at(first, 3), at(second, 0), at(third, 0), at('f'.repeat(64), 0)]
  const read = async (bounds: { count: number; bytes: number }) => {
    const news = await readChannelNews(s.db, s.key, places, bounds)
    return places.map((_, place) => {
      const one = news.get(place)
      return one && [one.entries.map(({ position }) => position), one.total, one.ended]
    })
  }
  const quiet = [
    [[], 0, false],
    [[], 0, true],
  ]
  assert.deepEqual(await read(everything), [
    [[0, 1, 2], 3, false],
    [[2], 3, false],
    [[], 3, false],
    [[0], 1, false],
    ...quiet,
  ])
  assert.deepEqual(await read({ count: 2, bytes: 8 }), [
    [[0, 1], 3, false],
    undefined,
    [[], 3, false],
    undefined,
    ...quiet,
  ])
})

test('what a removed process wrote is out of sight at once, and deleted bit by bit', async (t) => {
  const s = await scene(t)
  const [kept, removed, old] = [await s.submit(), await s.submit(), await s.submit()]
  for (const id of [kept, removed, old]) {
    await s.open(id)
    await s.append(...Array.from({ length: 5 }, () => s.entry(id)))
  }
  assert.equal(await removeProcess(s.db, s.key, removed), 1)
  assert.equal(await dropChannelsWithin(s.db, s.key, { low: old, high: `${old}~` }, 10), 1)
  assert.deepEqual(await s.db.all(sql`select process_id from channels where colony = ${s.key}`), [{ process_id: kept }])
  assert.deepEqual(await coloniesWithDropped(s.db), [s.key])
  let calls = 0
  while (await deleteDropped(s.db, s.key, 2)) calls += 1
  assert.equal(calls, 6)
  assert.deepEqual(await s.db.all(sql`select distinct process_id from channel_entries where colony = ${s.key}`), [
    { process_id: kept },
  ])
  assert.deepEqual(await coloniesWithDropped(s.db), [])
})
