import type { Output } from './methods.js'

/** A message, as it is on the wire, with its place. */
export interface ChannelMessage extends Readonly<Output<'channelRead'>[number]> {
  /** Place in the channel, from 0; it never changes. */
  readonly index: number
  /** The payload as UTF-8; empty when there is none. */
  readonly text: string
}

const utf8 = new TextDecoder()

export function messageOf(entry: Output<'channelRead'>[number], index: number): ChannelMessage {
  return {
    ...entry,
    index,
    get text() {
      return utf8.decode(entry.payload ?? undefined)
    },
  }
}
