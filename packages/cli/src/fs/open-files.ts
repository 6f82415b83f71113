import { ColonyFs } from '@colonies/colonyfs'
import { UsageError } from '../exit-codes.js'
import type { Session } from '../session.js'
import { untilSignal } from '../signals.js'

/** Hands over the files of the colony, and closes what was opened. Ctrl-C aborts `signal`. */
export async function withFiles<T>(
  session: Session,
  work: (files: ColonyFs, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { member, colonyname, settings, io } = session
  const server = settings.endpoints.value[0]
  if (server === undefined) throw new UsageError('Which server? Give --server, or set COLONIES_SERVER_HOST.')
  const files = new ColonyFs({ client: member, colonyname, server, env: io.env })
  const stopping = untilSignal(() => process.exit(130))
  try {
    return await work(files, stopping.signal)
  } finally {
    stopping.forget()
    await files.close()
  }
}
