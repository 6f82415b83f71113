import type { Client, Output } from '@colonies/client'
import { limits } from '@colonies/protocol'

/** A revision of a file in the colony, with who added it. */
export type RemoteFile = Output<'getFileTree'>[number]

export interface InColony {
  readonly client: Client
  readonly colonyname: string
}

/** The newest revisions of a label and all labels below it, page by page. */
export async function* listTree({ client, colonyname }: InColony, label: string): AsyncGenerator<RemoteFile> {
  let last: RemoteFile | undefined
  do {
    const after = last ? { afterlabel: last.label, aftername: last.name } : {}
    const page = await client.getFileTree({ colonyname, label, count: limits.fileTreeCountMax, ...after })
    yield* page
    last = page.at(-1)
  } while (last)
}

/** All files of a snapshot, page by page. @param snapshot its id or name */
export async function* listSnapshot(
  { client, colonyname }: InColony,
  snapshot: { snapshotid?: string; name?: string },
): AsyncGenerator<RemoteFile> {
  for (let after = 0; ; ) {
    const page = await client.getSnapshotFiles({ colonyname, ...snapshot, count: limits.fileTreeCountMax, after })
    if (page.length === 0) return
    yield* page
    after += page.length
  }
}
