import type { ChannelMessage, Output } from '@colonies/client'
import { bytesToBase64, encodeJson, limits } from '@colonies/protocol'
import { flag, integer, needed, noun, text, verb } from '../command.js'
import { formatTime } from '../format-time.js'
import { findProcessId, shortId } from '../ids.js'
import type { Session } from '../session.js'
import { readText } from '../spec-file.js'
import type { Column } from '../table.js'
import { done, endLine, list } from '../view.js'

const states: readonly Column<Output<'getChannels'>[number]>[] = [
  { header: 'NAME', of: ({ name }) => name },
  { header: 'MESSAGES', of: ({ entries }) => entries },
  { header: 'BYTES', of: ({ bytes }) => bytes },
  { header: 'LAST', of: ({ lasttime }) => formatTime(lasttime) },
]

/** A message for programs, with its payload as on the wire. */
type Message = ReturnType<typeof dataOf> & { text: string }

const columns: readonly Column<Message>[] = [
  { header: 'INDEX', of: ({ index }) => index },
  { header: 'TIME', of: ({ timestamp }) => formatTime(timestamp), whole: true },
  { header: 'SENDER', of: ({ senderid }) => shortId(senderid), whole: true },
  { header: 'TYPE', of: ({ type }) => type },
  { header: 'TEXT', of: ({ text }) => text },
]

const processid = needed('id of the process, or its beginning', { short: 'p' })
const name = needed('name of the channel', { short: 'n' })
const index = integer('index of the first message to give', { min: 0, max: limits.channelEntriesMax, otherwise: 0 })

export const channelCommands = noun('channel', 'Messages between who submitted a process and who holds it.', [
  verb({
    name: 'ls',
    summary: 'List the channels of a process.',
    positional: ['processid'],
    options: { processid },
    async run({ processid }, session) {
      const id = await findProcessId(processid, session)
      const channels = await session.member.getChannels({ processid: id })
      return list(channels, states, { id: ({ name }) => name, none: 'The process has no channels.' })
    },
  }),
  verb({
    name: 'append',
    summary: 'Append a message; `-` takes it from standard input.',
    positional: ['processid', 'name', 'text'],
    options: {
      processid,
      name,
      text: text('text of the message', { short: 't' }),
      type: text('type of the message; by convention `end` for the last one'),
      sequence: integer('number for whoever reads it', { min: 0, max: Number.MAX_SAFE_INTEGER, otherwise: 0 }),
      inreplyto: integer('sequence of the message that this answers', {
        min: 0,
        max: Number.MAX_SAFE_INTEGER,
        otherwise: 0,
      }),
    },
    async run({ processid, name, text, type, sequence, inreplyto }, session) {
      const channel = await channelOf(processid, name, session)
      const payload = text === '-' ? await readText(text, session.io) : text
      await channel.append(payload, { type, sequence: BigInt(sequence), inreplyto: BigInt(inreplyto) })
      return done('The message was appended.', { processid: channel.processid, name })
    },
  }),
  verb({
    name: 'read',
    summary: 'Print the messages of a channel, also when its process has ended.',
    positional: ['processid', 'name'],
    options: {
      processid,
      name,
      index,
      count: integer('how many at most', { min: 1, max: limits.channelEntriesMax, otherwise: 100 }),
    },
    async run({ processid, name, index, count }, session) {
      const channel = await channelOf(processid, name, session)
      const messages = await channel.read({ index, limit: count })
      const rows = messages.map((message) => ({ ...dataOf(message), text: message.text }))
      return {
        ...list(rows, columns, { id: ({ index }) => String(index), none: 'No messages.' }),
        data: messages.map(dataOf),
      }
    },
  }),
  verb({
    name: 'follow',
    summary: 'Print messages as they come, until the process ends; with --json one on each line.',
    positional: ['processid', 'name'],
    options: { processid, name, index, raw: flag('the texts alone, without line ends', { short: 'r' }) },
    async run({ processid, name, index, raw }, session) {
      const { out } = session
      const channel = await channelOf(processid, name, session)
      for await (const message of channel.follow({ index })) out.write(raw ? message.text : lineOf(message, session))
      return undefined
    },
  }),
])

async function channelOf(processid: string, name: string, session: Session) {
  return session.patientMember.channel(await findProcessId(processid, session), name)
}

function lineOf(message: ChannelMessage, { out }: Session): string {
  if (out.format === 'id') return `${message.index}\n`
  return out.format === 'table' ? endLine(message.text) : `${encodeJson(dataOf(message))}\n`
}

function dataOf({ index, sequence, inreplyto, timestamp, senderid, payload, type }: ChannelMessage) {
  const base64 = payload === null ? null : bytesToBase64(payload)
  return { index, sequence, inreplyto, timestamp, senderid, payload: base64, type }
}
