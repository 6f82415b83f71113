import type { ChannelUse } from '@colonies/core'
import type { EntryRow } from '@colonies/database'
import { type Base64, compileEncoder, limits, subscribeChannel } from '@colonies/protocol'
import type { Call } from '../handler.js'

/** An entry as clients see it. */
export function entryOf(row: EntryRow) {
  return {
    sequence: row.sequence,
    inreplyto: row.in_reply_to,
    timestamp: row.added_at,
    senderid: row.sender,
    payload: row.payload as Base64 | null,
    type: row.entry_type,
    error: '',
  }
}

const write = compileEncoder(subscribeChannel.output, { json: 'text' })

/** A frame of entries. */
export function entriesText(rows: readonly EntryRow[]): string {
  return write(rows.map(entryOf))
}

/** Negative ones are the beginning; what is beyond all entries stays so. */
export function positionOf(afterseq: bigint): number {
  if (afterseq <= 0n) return 0
  return afterseq > limits.channelEntriesMax ? limits.channelEntriesMax : Number(afterseq)
}

/** What a call wants of a channel. */
export function useOf({ caller }: Call, use: Pick<ChannelUse, 'to'> & Partial<ChannelUse>): ChannelUse {
  return { callerId: caller.id, callerIsExecutor: caller.kind === 'executor', attempt: 0, ended: false, ...use }
}
