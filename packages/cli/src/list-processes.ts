import { limits, type Process } from '@colonies/protocol'
import type { Session } from './session.js'
import { processColumns } from './show-process.js'
import { type StateName, stateNames, stateNumber } from './state-names.js'
import { list, type View } from './view.js'
import { allExecutors } from './whole-lists.js'

export interface ProcessFilters {
  readonly type: string
  /** The same, in the original's words. */
  readonly executortype: string
  readonly label: string
  readonly initiator: string
  readonly count: number
  readonly ids: boolean
}

/** @param state undefined: all states, newest submission first */
export async function listProcesses(
  state: StateName | undefined,
  { type, executortype, ids, ...filters }: ProcessFilters,
  session: Session,
): Promise<View> {
  const { member, colonyname } = session
  const read = (name: StateName, count: number) =>
    member.getProcesses({
      colonyname,
      state: stateNumber(name),
      executortype: type || executortype,
      ...filters,
      count,
    })
  if (state) return processList(await read(state, filters.count), { ids }, session)
  // The queue is listed from its head, so that the newest of those that wait come last.
  const lists = await Promise.all(
    stateNames.map((name) => read(name, name === 'waiting' ? limits.listCountMax : filters.count)),
  )
  const newest = newestFirst(lists.flat()).slice(0, filters.count)
  const view = await processList(newest, { ids }, session)
  const isLongQueue = lists[stateNames.indexOf('waiting')]?.length === limits.listCountMax
  const note = `Of those that wait, only the first ${limits.listCountMax} of the queue were looked at.`
  return isLongQueue ? { ...view, note } : view
}

/** Shows executors by their names. */
export async function processList(
  processes: readonly Process[],
  { ids }: { ids: boolean },
  session: Session,
): Promise<View> {
  return list(processes, processColumns({ ids, executors: await executorNames(processes, session) }), {
    id: ({ processid }) => processid,
    none: 'No processes.',
  })
}

/** The names of executors that have or had some processes, by their ids; without those that were removed since. */
export async function executorNames(
  processes: readonly Process[],
  session: Session,
): Promise<ReadonlyMap<string, string>> {
  // Only people need the names.
  const wanted = session.out.format === 'table' && processes.some(({ assignedexecutorid }) => assignedexecutorid !== '')
  const executors = wanted ? await allExecutors(session) : []
  return new Map(executors.map(({ executorid, executorname }) => [executorid, executorname]))
}

/** Times of the wire have no trailing zeros, so they do not sort as texts. */
export function newestFirst<Row extends { submissiontime: string }>(rows: readonly Row[]): Row[] {
  return [...rows].sort((a, b) => Date.parse(b.submissiontime) - Date.parse(a.submissiontime))
}
