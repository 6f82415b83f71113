import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generatePrivateKey } from '@colonies/identity'
import type { JsonValue } from '@colonies/protocol'
import { WebSocket } from 'ws'
import type { Channel } from './channel.js'
import { type ClientOptions, createClient } from './client.js'
import { systemClock } from './clock.js'
import { AbortedError, DeniedError, NotFoundError } from './errors.js'
import { followChannel } from './follow-channel.js'
import { type Answer, fakeServer, type Request } from './server.fake.js'

const processid = 'a'.repeat(64)
const entry = (text: string): JsonValue => ({
  sequence: 1,
  timestamp: '2026-11-21T00:10:56Z',
  senderid: 'b'.repeat(64),
  payload: Buffer.from(text).toString('base64'),
  type: 'data',
})
const ended: Answer = { status: 404, message: 'Channel not found: the process has ended', code: 'not_found' }

function channelAt(url: string, options: ClientOptions = {}): Channel {
  const retry = { forMs: 5_000, baseMs: 1 }
  const client = createClient({ endpoint: url, privateKey: generatePrivateKey(), retry, ...options })
  return client.channel(processid, 'chat')
}

async function textsOf(messages: AsyncIterable<{ index: number; text: string }>): Promise<string[]> {
  const texts: string[] = []
  for await (const { index, text } of messages) texts.push(`${index} ${text}`)
  return texts
}

const asked = ({ payloadtype, input }: Request) =>
  `${payloadtype} ${input.afterseq}${input.ended ? ' after the end' : ''}`

test('appends are sent in order, counted, and told apart from each other', async (t) => {
  const server = await fakeServer(t, { answer: (_, count) => (count === 2 ? 'drop' : { reply: {} }) })
  const chat = channelAt(server.url)
  await Promise.all([
    chat.append('one'),
    chat.append(new Uint8Array([0, 255]), { type: 'end', inreplyto: 7n }),
    chat.append('', { sequence: 40n }),
  ])
  const sent = server.requests.map(({ input }) => [input.sequence, input.payload, input.payloadtype, input.inreplyto])
  const second = [2, 'AP8=', 'end', 7]
  assert.deepEqual(sent, [[1, 'b25l', '', 0], second, second, [40, '', '', 0]])
  const ids = server.requests.map(({ input }) => input.requestid)
  assert.equal(new Set(ids).size, 3, 'the one whose reply was lost came again as the same')
})

test('an append that fails does not hold back the next', async (t) => {
  const refusal: Answer = { status: 403, message: 'Not authorized to write to channel', code: 'not_allowed' }
  const server = await fakeServer(t, { answer: (_, count) => (count === 1 ? refusal : { reply: {} }) })
  const chat = channelAt(server.url)
  const [first, second] = await Promise.allSettled([chat.append('one'), chat.append('two')])
  assert.ok(first.status === 'rejected' && first.reason instanceof DeniedError)
  assert.equal(second.status, 'fulfilled')
})

test('messages have their index, and their text', async (t) => {
  const server = await fakeServer(t, {
    answer: () => ({ reply: [entry('é'), { ...(entry('') as object), payload: null }] }),
  })
  const messages = await channelAt(server.url).read({ index: 5, limit: 2 })
  assert.deepEqual(
    messages.map(({ index, text, payload }) => [index, text, payload?.length]),
    [
      [5, 'é', 2],
      [6, '', undefined],
    ],
  )
  assert.deepEqual(asked(server.requests[0] as Request), 'channelreadmsg 5 after the end')
})

test('a loop goes on where it was after a lost connection, and ends with the process', async (t) => {
  const subscriptions: string[] = []
  const server = await fakeServer(t, {
    answer: ({ input }) => ({ reply: input.afterseq === 4 ? [entry('e')] : [] }),
    frames(request, send) {
      subscriptions.push(asked(request))
      const turn = subscriptions.length
      if (turn === 1) send({ reply: [entry('a'), entry('b')] })
      if (turn === 1) setImmediate(() => server.dropSockets())
      if (turn === 2) send({ reply: [entry('c')] })
      if (turn === 2) send({ reply: [entry('d')] })
      if (turn === 2) send({ reply: [] })
      if (turn === 3) send(ended)
    },
  })
  assert.deepEqual(await textsOf(channelAt(server.url, { WebSocket })), ['0 a', '1 b', '2 c', '3 d', '4 e'])
  assert.deepEqual(subscriptions, ['subscribechannelmsg 0', 'subscribechannelmsg 2', 'subscribechannelmsg 4'])
  assert.deepEqual(server.requests.map(asked), ['channelreadmsg 4 after the end', 'channelreadmsg 5 after the end'])
})

test('without a WebSocket, or where none gets through, a loop asks again and again', async (t) => {
  for (const options of [{}, { WebSocket }]) {
    const server = await fakeServer(t, {
      answer: ({ input }, count) => {
        if (count === 4) return ended
        return { reply: count === 1 ? [entry('a')] : input.ended && input.afterseq === 1 ? [entry('b')] : [] }
      },
    })
    assert.deepEqual(await textsOf(channelAt(server.url, options)), ['0 a', '1 b'])
    assert.equal(server.requests.length, 6)
  }
})

test('a channel that never was is an error, a refusal too, and a server that stays away', async (t) => {
  const unknown = await fakeServer(t, { answer: () => ended, frames: (_, send) => send(ended) })
  await assert.rejects(textsOf(channelAt(unknown.url, { WebSocket })), NotFoundError)
  const refusal: Answer = { status: 403, message: 'Not authorized to subscribe to channel', code: 'not_allowed' }
  const refusing = await fakeServer(t, { answer: () => refusal, frames: (_, send) => send(refusal) })
  await assert.rejects(textsOf(channelAt(refusing.url, { WebSocket })), DeniedError)
  const away = await fakeServer(t, { answer: () => 'drop' })
  await assert.rejects(textsOf(channelAt(away.url, { WebSocket, retry: { forMs: 0 } })), /did not answer/)
})

test('a connection from which nothing comes any more is left for a new one, and nothing is missed', async (t) => {
  let subscriptions = 0
  const server = await fakeServer(t, {
    answer: ({ input }) => ({ reply: input.afterseq === 0 ? [entry('a')] : [] }),
    frames(_, send) {
      subscriptions += 1
      if (subscriptions === 2) send(ended)
    },
  })
  const client = createClient({ endpoint: server.url, privateKey: generatePrivateKey(), WebSocket })
  const hurried = { ...systemClock, pause: (ms: number, signal?: AbortSignal) => systemClock.pause(ms / 200, signal) }
  const connection = {
    clock: hurried,
    openSocket: (url: string) => new WebSocket(url),
    retry: { forMs: 0, baseMs: 1, maxMs: 1 },
  }
  const following = { connection, methods: client, processid, name: 'chat', signal: undefined }
  const texts: string[] = []
  for await (const { text } of followChannel(following, 0)) texts.push(text)
  assert.deepEqual([texts, subscriptions], [['a'], 2])
})

test('an abort ends a loop that waits', async (t) => {
  const controller = new AbortController()
  const server = await fakeServer(t, {
    answer: () => ({ reply: [] }),
    frames: () => controller.abort('enough'),
  })
  const { signal } = controller
  await assert.rejects(textsOf(channelAt(server.url, { WebSocket }).follow({ signal })), AbortedError)
})
