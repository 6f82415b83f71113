import type { Case } from '../transcript.js'
import type { World } from '../world.js'
import { duringSubscription, runningWith, type Scenario } from './steps.js'

/** A running process with every channel that a recorded request names. */
const withChannels = runningWith({ channels: ['chat', 'stream', 'chan'] })

/** What the recorded readings and frames show. */
const messages = {
  chat: [
    { sequence: 1n, payload: 'hello' },
    { sequence: 2n, inreplyto: 1n, payload: 'bye', payloadtype: 'end' },
  ],
  chan: [
    { sequence: 1n, payload: 'before' },
    { sequence: 2n, inreplyto: 1n, payload: 'while' },
    { sequence: 3n, payload: '', payloadtype: 'end' },
  ],
}

type Messages = readonly { sequence: bigint; inreplyto?: bigint; payload: string; payloadtype?: string }[]

async function say(world: World, processid: string, name: string, all: Messages): Promise<void> {
  for (const { payload, ...message } of all) {
    const bytes = new TextEncoder().encode(payload)
    await world.as('executor1').channelAppend({ processid, name, ...message, payload: bytes })
  }
}

const holding =
  (name: keyof typeof messages, count: number): Scenario =>
  async (world: World, one: Case) => {
    const plan = await withChannels(world, one)
    await say(world, plan.fields?.processid ?? '', name, messages[name].slice(0, count))
    return plan
  }

export const channelScenarios: Record<string, Scenario> = {
  channelappendmsg: withChannels,
  channelreadmsg: holding('chat', 2),
  subscribechannelmsg: holding('chan', 3),
  'subscribechannelmsg: subscribe to a channel': async (world, one) => {
    const more = duringSubscription(holding('chan', 1), (_, processid) =>
      say(world, processid, 'chan', messages.chan.slice(1)),
    )
    return { ...(await more(world, one)), framesBefore: 1 }
  },
  'subscribechannelmsg: subscribe to a channel as an uninvolved executor': async (world, one) => {
    await world.has('executor2')
    return holding('chan', 3)(world, one)
  },
  'subscribechannelmsg: subscribe to a channel of a closed process': async (world, one) => {
    const plan = await holding('chan', 3)(world, one)
    await world.as('executor1').closeSuccessful({ processid: plan.fields?.processid ?? '', out: [] })
    return plan
  },
}
