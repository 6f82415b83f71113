import { once } from 'node:events'
import { createSigner, generatePrivateKey } from '@colonies/identity'
import { WebSocket } from 'ws'
import { type Caller, createCaller } from '../caller.js'
import { median, percentile, rateOf } from '../measure/statistics.js'
import type { OurTarget, OwnRow, Size } from '../row.js'
import { makeColony } from '../stage/colony.js'

/** Of one process at once; with more, the bound of the server is measured. */
const BURST = 400
const SENDERS = 16
const CHANNELS = 100
const name = 'chat'
/** Of a typical message: a line of text. */
const payload = Buffer.alloc(100, 'x').toString('base64')

/** A user who submits processes that nobody takes, and talks in their channels. */
interface Talker {
  key: string
  caller: Caller
  /** @returns the id of a process with a channel */
  submit(): Promise<string>
  close(): void
}

async function makeTalker(target: OurTarget): Promise<Talker> {
  const colony = await makeColony(target, {})
  const key = generatePrivateKey()
  const caller = createCaller(target.url, key)
  const owner = createCaller(target.url, colony.ownerKey)
  await owner.call('addusermsg', { user: { colonyname: colony.name, userid: caller.id, name: 'talker' } })
  const spec = { funcname: 'f', channels: [name], conditions: { colonyname: colony.name, executortype: 'nobody' } }
  const submit = async () => (await caller.call<{ processid: string }>('submitfuncspecmsg', { spec })).processid
  const close = () => {
    for (const one of [caller, owner]) one.close()
    colony.close()
  }
  return { key, caller, submit, close }
}

export const channelRows: readonly OwnRow[] = [
  {
    id: 'append-16',
    says: `append 100 bytes, ${SENDERS} senders, ${CHANNELS} channels`,
    unit: '/s',
    better: 'more',
    limit: 'roundTrips',
    kind: 'own',
    async run(target, size) {
      const talker = await makeTalker(target)
      const ids = await Promise.all(Array.from({ length: CHANNELS }, () => talker.submit()))
      const senders = Array.from({ length: SENDERS }, () => talker.caller.again())
      const value = await rateOf(size === 'short' ? 2 * BURST : 20 * BURST, SENDERS, (connection, turn) =>
        (senders[connection] as Caller).call('channelappendmsg', { processid: ids[turn % CHANNELS], name, payload }),
      )
      for (const sender of senders) sender.close()
      talker.close()
      return { value }
    },
  },
  frames('append-frame', 'append until the subscriber has it, p50 (p99)', async (target, use) => use(target.url)),
  frames('append-frame-other', 'the same, subscriber at another replica', async (target, use) => {
    const other = await target.anotherReplica()
    try {
      return await use(other.url)
    } finally {
      await other.stop()
    }
  }),
]

type Place = (target: OurTarget, use: (url: string) => Promise<number[]>) => Promise<number[]>

/** From before each append until its frame has come. */
function frames(id: string, says: string, at: Place): OwnRow {
  return {
    id,
    says,
    unit: 'ms',
    better: 'less',
    limit: 'commitMs',
    kind: 'own',
    runs: 1, // of hundreds of frames
    async run(target, size) {
      const talker = await makeTalker(target)
      const times = await at(target, (url) => timesOf(talker, url, size))
      talker.close()
      return { value: median(times), note: `(${percentile(times, 0.99).toFixed(1)} ms)` }
    },
  }
}

async function timesOf({ key, caller, submit }: Talker, url: string, size: Size): Promise<number[]> {
  const processid = await submit()
  const socket = await subscribe(url, key, processid)
  const times: number[] = []
  for (let turn = 0; turn < (size === 'short' ? 50 : 300); turn++) {
    const begin = performance.now()
    const frame = once(socket, 'message')
    await caller.call('channelappendmsg', { processid, name, payload })
    await frame
    times.push(performance.now() - begin)
    // sleeps: a pace at which the bound of the server is not met, and at which nothing is batched
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  socket.terminate()
  return times
}

async function subscribe(url: string, key: string, processid: string): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/pubsub`)
  await once(socket, 'open')
  const request = JSON.stringify({ msgtype: 'subscribechannelmsg', processid, name, timeout: 600 })
  const signed = Buffer.from(request).toString('base64')
  const signature = createSigner(key).sign(signed)
  socket.send(JSON.stringify({ payloadtype: 'subscribechannelmsg', payload: signed, signature }))
  return socket
}
