import { byProcess, operation } from './operation.js'
import { Bytes, Flag, Id, Int32, Int64, List, nullable, omitEmpty, optional, Shape, Text, Time } from './schema.js'

/** One message of a channel. Its index is its place in the order of arrival, from 0; it never changes. */
export const ChannelEntry = Shape({
  /** Chosen by the sender; not looked at. */
  sequence: Int64,
  /** The sequence that this answers; left out for 0. */
  inreplyto: omitEmpty(Int64),
  /** When it was stored. */
  timestamp: Time,
  /** Id of the user or executor. */
  senderid: Text,
  /** Null when none was sent. */
  payload: nullable(Bytes),
  /** `data` where the sender gave none; by convention `end` and `error`. */
  type: Text,
  /** Left out when empty; this server leaves it empty. */
  error: omitEmpty(Text),
})

/** How much is in one channel. */
export const ChannelState = Shape({
  name: Text,
  /** How many entries; the index of the next one. */
  entries: Int32,
  /** Of the payloads of this channel. */
  bytes: Int64,
  /** When the last entry was stored; `0001-01-01T00:00:00Z` for an empty channel. */
  lasttime: Time,
})

const Nothing = Shape({})

const channel = {
  /** The process that has the channel. */
  processid: Id,
  /** One of the names in `channels` of its function spec. */
  name: Text,
}

export const channelAppend = operation({
  payloadtype: 'channelappendmsg',
  summary: 'Append a message to a channel of a process, as its submitter or as the executor that holds it.',
  caller: 'member',
  colony: ({ processid }) => byProcess(processid),
  input: {
    ...channel,
    /** For whoever reads it; neither unique nor checked. */
    sequence: optional(Int64),
    /** The sequence of the other party that this answers. */
    inreplyto: optional(Int64),
    /** At most `limits.channelPayloadBytesMax`, decoded. */
    payload: nullable(Bytes),
    /** Becomes the `type` of the entry; `data` when empty. */
    payloadtype: optional(Text),
    /** The same append again, by the same sender to the same channel, is stored once. */
    requestid: optional(Text),
    /** Refused unless this attempt of the process runs and is the caller's; 0: not checked. */
    attempt: optional(Int32),
  },
  output: Nothing,
  errors: [
    'bad_request',
    'not_found',
    'not_allowed',
    'not_running',
    'lease_lost',
    'too_large',
    'too_many',
    'channel_full',
  ],
})

export const channelRead = operation({
  payloadtype: 'channelreadmsg',
  summary: 'Read messages of a channel in the order of their indexes, as submitter of the process or as its holder.',
  caller: 'member',
  colony: ({ processid }) => byProcess(processid),
  input: {
    ...channel,
    /** Index of the first entry to give, which is how many have been read so far. */
    afterseq: optional(Int64),
    /** How many at most; 0: as many as `limits.channelReadBytesMax` allows. */
    limit: optional(Int64),
    /** Also when the process has ended; without it that is "Channel not found", as older clients expect. */
    ended: optional(Flag),
  },
  output: List(ChannelEntry),
  errors: ['not_found', 'not_allowed', 'not_running', 'lease_lost'],
  repeatable: true,
})

export const getChannels = operation({
  payloadtype: 'getchannelsmsg',
  summary: 'List the channels of a process with how much is in them, also when it has ended.',
  caller: 'member',
  colony: ({ processid }) => byProcess(processid),
  input: { processid: Id },
  output: List(ChannelState),
  errors: ['not_found', 'not_allowed', 'not_running', 'lease_lost'],
  repeatable: true,
})

export const subscribeChannel = operation({
  payloadtype: 'subscribechannelmsg',
  summary: 'Frames of the messages of a channel: what was missed, then each new one; an empty one when it is over.',
  caller: 'member',
  transport: 'websocket',
  colony: ({ processid }) => byProcess(processid),
  input: {
    ...channel,
    /** Index of the first entry to give. */
    afterseq: optional(Int64),
    /** Seconds in all, not from entry to entry; 0: `limits.channelSubscriptionSeconds`, negative: what is there already. */
    timeout: optional(Int32),
    /** Also when the process has ended. */
    ended: optional(Flag),
  },
  output: List(ChannelEntry),
  errors: ['not_found', 'not_allowed', 'not_running', 'lease_lost', 'too_many'],
})
