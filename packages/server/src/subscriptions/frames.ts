import {
  type AttributeRow,
  type ColonyKey,
  type Db,
  listAttributes,
  type ProcessRow,
  readProcesses,
} from '@colonies/database'
import { processText } from '../queue/process-text.js'

/** A colony as frames show it. */
export interface FeedColony {
  readonly key: ColonyKey
  readonly name: string
}

/** A process as it is now, ready to be shown. */
export interface Frame {
  readonly row: ProcessRow
  readonly attributes: readonly AttributeRow[]
}

/** Reads processes by id; unknown ones are missing. */
export async function readFrames(
  db: Db,
  { key }: FeedColony,
  processIds: readonly string[],
): Promise<Map<string, Frame>> {
  const frames = new Map<string, { row: ProcessRow; attributes: AttributeRow[] }>()
  for (const row of await readProcesses(db, key, processIds)) frames.set(row.process_id, { row, attributes: [] })
  for (const one of await listAttributes(db, key, processIds)) frames.get(one.process_id)?.attributes.push(one)
  return frames
}

/**
 * The text of a frame. A process may have moved on since the event that is told; then all but its state is as it is now.
 */
export function frameText({ row, attributes }: Frame, state: number, { name }: FeedColony): string {
  return processText({ ...row, state }, { colonyName: name, attributes })
}
