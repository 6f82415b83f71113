import { setTimeout as pause } from 'node:timers/promises'
import type { Output } from '@colonies/client'
import { limits } from '@colonies/protocol'
import type { Output as Terminal } from './output.js'
import type { Session } from './session.js'
import { endLine } from './view.js'

export interface Following {
  session: Session
  writeLog: (text: string) => void
  /** Aborted when no more lines will come; those that are there by then are still shown. */
  signal: AbortSignal
}

const pollMs = 500

/** @param outOnly standard output is for the output of processes: log lines would be mistaken for it */
export function logWriter(outOnly: boolean, out: Terminal): (text: string) => void {
  return (text) => (outOnly || out.format !== 'table' ? out.warn(text.trimEnd()) : out.write(text))
}

/** Writes the log of a process as it grows. @param sinceNs only lines later than this */
export async function followLog(processid: string, following: Following, sinceNs = 0n): Promise<void> {
  const { session, writeLog, signal } = following
  for (let since = sinceNs; ; ) {
    const isLast = signal.aborted
    since = await writeLogSince({ processid, since }, session, writeLog)
    if (isLast) return
    await untilNextLook(signal)
  }
}

/** @returns early when the signal is aborted */
export async function untilNextLook(signal: AbortSignal): Promise<void> {
  await pause(pollMs, undefined, { signal }).catch(() => {})
}

interface LogPlace {
  readonly processid: string
  /** Time of the last line that is known. */
  readonly since: bigint
}

/** Writes what was added to the log of a process. @returns the time of its last line, to go on from */
export async function writeLogSince(
  place: LogPlace,
  session: Session,
  writeLog: (text: string) => void,
  firstPage?: Output<'getLogs'>,
): Promise<bigint> {
  let last = place.since
  for (let lines = firstPage ?? (await readLogPage(place, session)); ; ) {
    for (const { message } of lines) writeLog(endLine(message))
    last = lines.at(-1)?.timestamp ?? last
    if (lines.length < limits.logCountMax) return last
    lines = await readLogPage({ ...place, since: last }, session)
  }
}

/** @returns at most `logCountMax` lines, oldest first */
export function readLogPage(place: LogPlace, { patientMember, colonyname }: Session): Promise<Output<'getLogs'>> {
  return patientMember.getLogs({ colonyname, ...place, count: limits.logCountMax })
}
