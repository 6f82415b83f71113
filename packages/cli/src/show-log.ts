import { limits } from '@colonies/protocol'
import { flag, integer, text } from './command.js'
import { UsageError } from './exit-codes.js'
import { followLog } from './follow-log.js'
import type { Session } from './session.js'
import { endLine, lines, type View } from './view.js'

/** The options of whatever prints log lines. */
export const logOptions = {
  count: integer('how many lines at most', { min: 1, max: limits.logCountMax, otherwise: 100 }),
  since: text('only lines later than this, Unix time in ns'),
  latest: flag('the newest lines, as when nothing is said', { short: 'l' }),
  first: flag('the oldest lines instead of the newest'),
  follow: flag('go on until the process ends', { short: 'f' }),
}

interface LogQuery {
  readonly processid: string
  readonly executorname: string
  readonly count: number
  readonly since: string
  readonly first: boolean
  readonly follow: boolean
}

/** @throws UsageError */
export async function showLog(
  { since, first, follow, ...query }: LogQuery,
  session: Session,
): Promise<View | undefined> {
  const { member, colonyname, out } = session
  if (!/^\d{0,19}$/.test(since)) throw new UsageError(`--since takes Unix time in nanoseconds; "${since}" is none.`)
  const sinceNs = BigInt(since || 0)
  if (follow) {
    const { processid } = query
    if (processid === '') throw new UsageError('--follow needs a process.')
    const ended = new AbortController()
    const writeLog = (line: string) => out.write(line)
    const following = followLog(processid, { session, writeLog, signal: ended.signal }, sinceNs)
    await Promise.race([session.patientMember.waitFor(processid), following]).finally(() => ended.abort())
    await following
    return undefined
  }
  const latest = !first && since === ''
  const entries = await member.getLogs({ colonyname, ...query, since: sinceNs, latest })
  return {
    ...lines(
      entries.map(({ message }) => endLine(message)),
      entries,
    ),
    note: entries.length === 0 ? 'No log lines.' : undefined,
  }
}
