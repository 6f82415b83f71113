import type { Caller, CallOptions } from './call.js'
import { type ChannelMessage, messageOf } from './channel-message.js'
import { followChannel } from './follow-channel.js'
import type { Methods } from './methods.js'

export interface AppendOptions extends CallOptions {
  /** `data` when left out; by convention, `end` says that nothing more comes, and `error` that something went wrong. */
  type?: string
  /** For whoever reads; when left out, the appends of this object are counted from 1. */
  sequence?: bigint
  /** The sequence of a message of the other party that this answers. */
  inreplyto?: bigint
}

export interface ReadOptions extends CallOptions {
  /** Index of the first message to give; 0 when left out. */
  index?: number
}

/**
 * A log of messages between the submitter of a process and whoever holds it, under one of the names in `channels` of the
 * function spec. Everybody sees the same messages in the same order. They can be read as long as the process is kept, and
 * written until it ends.
 *
 * @example
 * const chat = client.channel(process.processid, 'chat')
 * await chat.append('How far are you?')
 * for await (const { senderid, text } of chat) console.log(senderid, text)
 */
export interface Channel extends AsyncIterable<ChannelMessage> {
  readonly processid: string
  readonly name: string

  /**
   * Appends a message; those of one object stay in order. Sent again after a lost reply, it is stored once.
   *
   * @throws NotFoundError when there is no such channel, or the process has ended; ServerError `channel_full`; ClientError
   */
  append(payload: string | Uint8Array, options?: AppendOptions): Promise<void>

  /**
   * Reads what is there, at most some megabytes at once.
   *
   * @param options.limit how many at most
   * @throws ClientError
   */
  read(options?: ReadOptions & { limit?: number }): Promise<ChannelMessage[]>

  /**
   * Gives what is there, then each message as it comes, until the process has ended. It goes on through lost connections
   * and restarted servers, without gap or repetition. The loop over a channel itself is the same from its beginning.
   *
   * Where there is no WebSocket, it asks again and again, at last every two seconds.
   *
   * @throws ClientError, AbortedError
   */
  follow(options?: ReadOptions): AsyncIterableIterator<ChannelMessage, undefined>
}

export interface ChannelMethods {
  /**
   * A channel of a process; nothing is sent yet.
   *
   * @param options.attempt for executors: appends are refused when another attempt of the process runs by now
   */
  channel(processid: string, name: string, options?: { attempt?: number }): Channel
}

export function createChannelMethods({ connection }: Caller, methods: Methods): ChannelMethods {
  return {
    channel(processid, name, { attempt = 0 } = {}) {
      let appends = 0n
      let last = Promise.resolve()
      const follow: Channel['follow'] = ({ index = 0, signal } = {}) =>
        followChannel({ connection, methods, processid, name, signal }, index)

      return {
        processid,
        name,
        append(payload, { type = '', sequence, inreplyto = 0n, ...options } = {}) {
          const bytes = typeof payload === 'string' ? new TextEncoder().encode(payload) : payload
          const number = sequence ?? ++appends
          const message = { processid, name, attempt, sequence: number, inreplyto, payloadtype: type, payload: bytes }
          const send = async () => void (await methods.channelAppend(message, options))
          // One after the other, whatever became of the one before.
          const sent = last.then(send, send)
          last = sent
          return sent
        },
        async read({ index = 0, limit = 0, ...options } = {}) {
          const range = { afterseq: BigInt(index), limit: BigInt(limit), ended: true }
          const entries = await methods.channelRead({ processid, name, ...range }, options)
          return entries.map((entry, place) => messageOf(entry, index + place))
        },
        follow,
        [Symbol.asyncIterator]: () => follow(),
      }
    },
  }
}
