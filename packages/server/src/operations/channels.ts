import { checkChannelAccess } from '@colonies/core'
import { findChannel, listChannels, type NewEntry, openChannel, readEntries } from '@colonies/database'
import { type Base64, base64Length, ColoniesError, limits, zeroTime } from '@colonies/protocol'
import { entryOf, positionOf, useOf } from '../channels/entries.js'
import type { Call, Handlers } from '../handler.js'

export const channelHandlers = {
  async channelAppend(input, call) {
    const { rate } = call.replica.channels
    const entry = newEntry(input, call.caller.id)
    // For each writer: whoever is refused further on must not use up what the parties of the process have.
    const writer = `${entry.processId} ${entry.sender}`
    if (!rate.take(writer)) {
      const { channelAppendBurst: burst, channelAppendsPerSecond: perSecond } = limits
      throw new ColoniesError(
        'too_many',
        `rate limit exceeded: the channels of one process take ${burst} messages of one sender at once, and ${perSecond} a second`,
      )
    }
    try {
      await append(entry, call)
    } catch (error) {
      rate.giveBack(writer)
      throw error
    }
    return {}
  },

  async channelRead({ processid, name, afterseq, limit, ended }, call) {
    const { db, colony } = call
    const channel = { processId: processid, name }
    checkChannelAccess(await findChannel(db, colony.key, channel), useOf(call, { to: 'read from', ended }))
    const { channelEntriesMax: all, channelReadBytesMax: bytes } = limits
    const count = limit > 0n && limit < all ? Number(limit) : all
    const rows = await readEntries(db, colony.key, { ...channel, from: positionOf(afterseq), count, bytes })
    return rows.map(entryOf)
  },

  async getChannels({ processid }, call) {
    const { db, colony } = call
    const standing = await findChannel(db, colony.key, { processId: processid, name: '' })
    const use = useOf(call, { to: 'read from', ended: true })
    checkChannelAccess(standing && { ...standing, declared: true }, use)
    const rows = await listChannels(db, colony.key, processid)
    return rows.map(({ name, entries, bytes, last_at }) => ({ name, entries, bytes, lasttime: last_at ?? zeroTime }))
  },
} satisfies Partial<Handlers>

/** How often a channel is found open that was just found not to be: its process may change meanwhile. */
const TRIES = 3

async function append(entry: NewEntry, call: Call): Promise<void> {
  const { db, colony, replica } = call
  for (let tries = 0; tries < TRIES; tries++) {
    const outcome = await replica.channels.append(colony.key, entry)
    if (outcome === 'stored') return
    if (outcome === 'full')
      throw new ColoniesError(
        'channel_full',
        `channel log is full: a channel has at most ${limits.channelEntriesMax} messages, and all channels of a process ` +
          `${limits.channelBytesMax} bytes; go on in another process`,
      )
    const use = useOf(call, { to: 'write to', attempt: entry.attempt })
    checkChannelAccess(await findChannel(db, colony.key, entry), use)
    await openChannel(db, colony.key, entry)
  }
  throw new ColoniesError('unavailable', 'The process changes hands; try again in a moment')
}

interface AppendInput {
  processid: string
  name: string
  sequence: bigint
  inreplyto: bigint
  payload: Base64 | null
  payloadtype: string
  requestid: string
  attempt: number
}

function newEntry(input: AppendInput, sender: string): NewEntry {
  const { payload, payloadtype, requestid } = input
  const bytes = payload === null ? 0 : base64Length(payload)
  if (bytes > limits.channelPayloadBytesMax)
    throw new ColoniesError(
      'too_large',
      `message payload exceeds maximum size: it has ${bytes} bytes, and at most ${limits.channelPayloadBytesMax} are taken`,
    )
  for (const [field, text] of Object.entries({ payloadtype, requestid })) {
    if (text.length > limits.nameLengthMax)
      throw new ColoniesError('bad_request', `${field} must have at most ${limits.nameLengthMax} characters`)
  }
  return {
    processId: input.processid,
    name: input.name,
    sender,
    attempt: input.attempt,
    sequence: input.sequence,
    inReplyTo: input.inreplyto,
    type: payloadtype === '' ? 'data' : payloadtype,
    payload,
    bytes,
    requestId: requestid,
  }
}
