import { once } from 'node:events'
import { sql } from '@colonies/database'
import { createSigner, generatePrivateKey } from '@colonies/identity'
import { limits } from '@colonies/protocol'
import { WebSocket } from 'ws'
import { type BenchServer, type Caller, createCaller, makeColony, percentile, rateOf } from './load.js'

type Report = (name: string, value: string, note?: string) => void

/** Of one process at once; with more, the bound of the server is measured. */
const BURST = 400
const SENDERS = 16
const LATENCIES = 300
const READS = 20
const name = 'chat'
/** Of a typical message: a line of text. */
const payload = Buffer.alloc(100, 'x').toString('base64')

interface Scene {
  server: BenchServer
  report: Report
  /** Of the user who submits the processes and talks in their channels. */
  key: string
  user: Caller
  /** @returns the id of a process that nobody takes */
  submit(): Promise<string>
}

/** How fast channels take messages, and how soon subscribers have them, at the same replica and at another. */
export async function channels(server: BenchServer, report: Report): Promise<void> {
  const colony = await makeColony(server, 'channels', 0)
  const key = generatePrivateKey()
  const user = createCaller(server.url, key)
  const owner = createCaller(server.url, colony.ownerKey)
  await owner.call('addusermsg', { user: { colonyname: colony.name, userid: user.id, name: 'talker' } })
  const spec = { funcname: 'f', channels: [name], conditions: { colonyname: colony.name, executortype: 'nobody' } }
  const submit = async () => ((await user.call('submitfuncspecmsg', { spec })) as { processid: string }).processid
  const scene = { server, report, key, user, submit }
  await appends(scene)
  const other = await server.anotherReplica()
  await latency(scene, server.url, 'the same replica')
  await latency(scene, other.url, 'another replica')
  await other.stop()
  await reads(scene)
}

async function appends({ server, report, key, submit }: Scene): Promise<void> {
  const senders = Array.from({ length: SENDERS }, () => createCaller(server.url, key))
  const rate = async (total: number, connections: number, processes: number) => {
    const ids = await Promise.all(Array.from({ length: processes }, submit))
    let turn = 0
    return rateOf(total, connections, (connection) => {
      const processid = ids[turn++ % ids.length]
      return (senders[connection] as Caller).call('channelappendmsg', { processid, name, payload })
    })
  }
  await rate(BURST, SENDERS, SENDERS)
  const perSecond = (value: number) => `${Math.round(value)}/s`
  report('append of 100 bytes, 1 sender', perSecond(await rate(BURST, 1, 1)), 'one channel')
  const one: number[] = []
  for (let turn = 0; turn < 5; turn += 1) one.push(await rate(BURST, SENDERS, 1))
  report(`append of 100 bytes, ${SENDERS} senders, one channel`, perSecond(percentile(one, 0.5)), 'median of 5 bursts')
  report(`append of 100 bytes, ${SENDERS} senders, 100 channels`, perSecond(await rate(8000, SENDERS, 100)))
}

/** From before each append until its frame has come. */
async function latency({ server, report, key, submit }: Scene, url: string, place: string): Promise<void> {
  const processid = await submit()
  const sender = createCaller(server.url, key)
  const socket = await subscribe(url, key, processid)
  const times: number[] = []
  for (let turn = 0; turn < LATENCIES + 20; turn++) {
    const begin = performance.now()
    const frame = once(socket, 'message')
    await sender.call('channelappendmsg', { processid, name, payload })
    await frame
    if (turn >= 20) times.push(performance.now() - begin)
    // A pace at which the bound of the server is not met, and at which nothing is batched.
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  socket.terminate()
  sender.close()
  const [half, most] = [percentile(times, 0.5), percentile(times, 0.99)]
  report(`append to frame at ${place}, p50 (p99)`, `${half.toFixed(1)} ms`, `(${most.toFixed(1)} ms)`)
}

/** From the request until all of a full channel has come. */
async function reads({ server, report, key, user, submit }: Scene): Promise<void> {
  const processid = await submit()
  await user.call('channelappendmsg', { processid, name, payload })
  const count = limits.channelEntriesMax
  await server.db.run(sql`
    insert into channel_entries (colony, process_id, name, position, sender, sequence, in_reply_to, entry_type, payload)
    select colony, process_id, name, n, sender, n, 0, entry_type, payload
    from channel_entries, generate_series(1, ${count - 1}::int) n where process_id = ${processid}`)
  await server.db.run(sql`update channels set entries = ${count} where process_id = ${processid}`)
  const times: number[] = []
  for (let turn = 0; turn < READS; turn++) {
    const begin = performance.now()
    const socket = await subscribe(server.url, key, processid)
    for (let come = 0; come < count; ) {
      const [frame] = (await once(socket, 'message')) as [Buffer]
      come += entriesIn(frame)
    }
    times.push(performance.now() - begin)
    socket.terminate()
  }
  report(
    `subscribe to a channel with ${count} messages, until all came, p50 (worst of ${READS})`,
    `${percentile(times, 0.5).toFixed(0)} ms`,
    `(${Math.max(...times).toFixed(0)} ms)`,
  )
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

function entriesIn(frame: Buffer): number {
  const { payload } = JSON.parse(frame.toString()) as { payload: string }
  return (JSON.parse(Buffer.from(payload, 'base64').toString()) as unknown[]).length
}
