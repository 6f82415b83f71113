import type { Channel } from '@colonies/client'
import { nowMs } from '../clock.js'
import { monkey, pause } from '../monkey.js'
import { randomOf } from '../random.js'
import type { Scenario, Stage } from '../scenario.js'
import { killReplica } from '../stage/replicas.js'
import { serveColony } from '../stage/served-colony.js'
import { within } from '../within.js'

const sizes = {
  ci: { kills: 5, pauseMs: [100, 500], minutes: 1 },
  full: { kills: 200, pauseMs: [100, 2_000], minutes: 10 },
} as const

const CHANNEL = 'chat'
const WRITE_MS = 10
/** Readers are at most as far behind as a replica takes to start. */
const READ_MS_MAX = 60_000

export const killChannels: Scenario = {
  name: 'kill-channels',
  says: 'kill -9 of two replicas at random while two parties write into one channel, and four read it to its end',
  async run(stage, { seed, scale, minutes = sizes[scale].minutes }) {
    const size = sizes[scale]
    const { replicas, history, parties, close } = await openConversation(stage)
    const readers = parties.flatMap(({ channels }) => channels.map(follow))
    const stop = new AbortController()
    const writing = Promise.all(parties.map(({ who, channels }) => write(who, channels[0], stop.signal)))
    const killer = killReplica(replicas)
    const end = nowMs() + minutes * 60_000
    const struck = await monkey({
      random: randomOf(seed),
      blows: [killer],
      pauseMs: size.pauseMs,
      note: (blow) => history.note(blow),
      until: ({ length }) => length >= size.kills || nowMs() > end,
    })
    await killer.settled()
    stop.abort()
    const acknowledged = (await writing).flat()
    await close()
    const seen = await within(READ_MS_MAX, 'the end of the channel, for all readers,', Promise.all(readers))
    return {
      faults: [],
      missed: [
        ...findChannelFaults(
          acknowledged,
          seen,
          parties.map(({ who }) => who),
        ),
        ...(struck.length < size.kills ? [`only ${struck.length} kills`] : []),
        ...(acknowledged.length <= struck.length ? [`only ${acknowledged.length} messages`] : []),
      ],
      numbers: { kills: struck.length, messages: acknowledged.length, readers: readers.length },
    }
  },
}

interface Party {
  readonly who: string
  /** Of one identity, which begins at another replica with each. */
  readonly channels: readonly [Channel, Channel]
}

/** A process with a channel, its submitter and the executor that holds it. */
async function openConversation(stage: Stage) {
  const { config } = await stage.database()
  const { replicas, endpoints, history, colony } = await serveColony(stage, { config, count: 2 })
  const [userKey, executorKey] = [await colony.addUser('me'), await colony.addExecutor('ada', 'cli')]
  const conditions = { colonyname: colony.name, executortype: 'cli' }
  const { processid } = await colony
    .client(userKey)
    .submit({ spec: { funcname: 'talk', channels: [CHANNEL], conditions } })
  const executor = colony.client(executorKey)
  await executor.assign({ colonyname: colony.name, timeout: 20 })
  const partyOf = (who: string, key: string): Party => {
    const at = (order: readonly string[]) => colony.client(key, order).channel(processid, CHANNEL)
    return { who, channels: [at(endpoints), at(endpoints.toReversed())] }
  }
  return {
    replicas,
    history,
    parties: [partyOf('user', userKey), partyOf('ada', executorKey)],
    close: () => executor.closeSuccessful({ processid, out: [] }),
  }
}

/** Writes one message after the other until told to stop. @returns those that were acknowledged */
async function write(who: string, channel: Channel, stop: AbortSignal): Promise<string[]> {
  const acknowledged: string[] = []
  while (!stop.aborted) {
    const text = `${who} ${acknowledged.length}`
    await channel.append(text)
    acknowledged.push(text)
    // sleeps: both write at a pace that leaves room for the other
    await pause(WRITE_MS)
  }
  return acknowledged
}

/** @returns all messages until the process has ended */
async function follow(channel: Channel): Promise<string[]> {
  const texts: string[] = []
  for await (const { text } of channel) texts.push(text)
  return texts
}

/** Everybody has seen each message once, in one order, in which those of each writer are as it wrote them. */
function findChannelFaults(
  acknowledged: readonly string[],
  [first = [], ...others]: readonly string[][],
  writers: readonly string[],
): string[] {
  const seen = new Set(first)
  const inOrder = (who: string) => first.filter((text) => text.startsWith(who))
  return [
    ...acknowledged.filter((text) => !seen.has(text)).map((text) => `"${text}" was acknowledged and is not there`),
    ...(first.length > acknowledged.length
      ? [`${first.length - acknowledged.length} messages are there too often`]
      : []),
    ...others.flatMap((other, reader) =>
      JSON.stringify(other) === JSON.stringify(first) ? [] : [`reader ${reader + 1} has seen others than reader 0`],
    ),
    ...writers
      .filter((who) => inOrder(who).some((text, at) => text !== `${who} ${at}`))
      .map((who) => `${who} is out of order`),
  ]
}
