import { type ProcessRow, type ReadyLine, readyLines } from '@colonies/database'
import type { Transaction } from './model-database.js'
import { after, type ColonyTables, type Graph, type Live, type Spec, wireTime } from './tables.js'

/** Names of rows for locks. */
export const rowOf = {
  process: (id: string) => `process ${id}`,
  graph: (id: string) => `graph ${id}`,
  request: (caller: string, id: string) => `request ${caller}/${id}`,
  cron: (id: string) => `cron ${id}`,
  generator: (id: string) => `generator ${id}`,
  executor: (id: string) => `executor ${id}`,
  instance: (id: string) => `instance ${id}`,
}

/** Under which a request is kept. */
export const requestKey = (caller: string, id: string) => `${caller}/${id}`

/** The row that keeps two inserts of a request apart; one that is stored already holds up nobody. */
export function newRequest({ requests }: ColonyTables, caller: string, id: string | null): string[] {
  return id === null || requests.has(requestKey(caller, id)) ? [] : [rowOf.request(caller, id)]
}

/** In the order of ids, as all who lock several rows. */
export const byId = <Row extends { processId: string }>(a: Row, b: Row) => (a.processId < b.processId ? -1 : 1)

/** The order of the queue. */
export const byPriority = (a: Live, b: Live) =>
  a.priorityTime < b.priorityTime || (a.priorityTime === b.priorityTime && a.processId < b.processId) ? -1 : 1

export const isReady = (row: Live) => row.state === 0 && row.openParents === 0

/** Times in the id order of the queue: ns since 1970, less a day for each step of priority. */
export const queuePlace = (now: number, place: number, priority: number) =>
  BigInt(now) * 1000n + BigInt(place) - BigInt(priority) * 86_400_000_000_000n

/** Its deadline has passed, in the last seconds where these are given. */
export function isOverdue({ deadline }: Live, now: number, withinSeconds: number | undefined): boolean {
  if (deadline === null || deadline >= now) return false
  return withinSeconds === undefined || deadline >= now - withinSeconds * 1_000_000
}

export function addEvent(
  { now, xact }: Transaction,
  colony: ColonyTables,
  row: Pick<Live, 'processId' | 'attempt'>,
  change: { oldState: number | null; state: number; holder?: string | null; reason: string },
): void {
  const { processId, attempt } = row
  colony.events.push({ processId, xact, at: now, attempt, holder: null, ...change })
}

/** What a statement found when it took its locks; what has come since is for the next one. */
export const isLockedBy =
  ({ locked }: Transaction) =>
  ({ processId }: Live) =>
    locked.has(rowOf.process(processId))

export const runs = (row: Live | undefined): row is Live => row?.state === 1

/** Over a row of `live`: it runs, and is held so; attempt 0 is whichever runs. */
export function isHeldBy(row: Live | undefined, { holder, attempt }: { holder: string; attempt: number }): row is Live {
  return runs(row) && row.holder === holder && (attempt === 0 || row.attempt === attempt)
}

/** A new row of `live`, waiting. */
export function waitingRow(spec: Spec, now: number, openParents: number, children: readonly string[]): Live {
  const { processId, executorType, names, location, cpu, memory, priorityTime, graphId } = spec
  const { waitSeconds, execSeconds, maxRetries } = spec
  return {
    processId,
    state: 0,
    executorType,
    names,
    location,
    cpu,
    memory,
    priorityTime,
    openParents,
    children: [...children],
    graphId,
    deadline: after(now, waitSeconds),
    waitSeconds,
    execSeconds,
    maxRetries,
    retries: 0,
    attempt: 0,
    holder: null,
    holderName: null,
    assignId: null,
    startedAt: null,
    output: null,
  }
}

/** As those who wake up waiters want them. */
export function readyFrom(rows: readonly Live[]): ReadyLine[] {
  return readyLines(rows.map(({ executorType, priorityTime }) => ({ executorType, count: 1, from: priorityTime })))
}

export function graphOf(colony: ColonyTables, id: string | null): Graph | undefined {
  return id === null ? undefined : colony.graphs.get(id)
}

export const parentsOf = (colony: ColonyTables, processId: string) =>
  [...(colony.edges.get(processId) ?? [])].sort((a, b) => a.position - b.position).map(({ parentId }) => parentId)

const childrenOf = (colony: ColonyTables, spec: Spec) =>
  (graphOf(colony, spec.graphId)?.nodes ?? [])
    .map(({ processId }) => processId)
    .filter((id) => colony.edges.get(id)?.some(({ parentId }) => parentId === spec.processId))
    .sort()

/** What `specColumns` selects. */
export function specColumns(colony: ColonyTables, spec: Spec) {
  const parents = parentsOf(colony, spec.processId)
  const results = parents.flatMap((id) => colony.results.get(id) ?? [])
  return {
    process_id: spec.processId,
    initiator_id: spec.initiatorId,
    initiator_name: spec.initiatorName,
    priority_time: spec.priorityTime,
    submitted_at: wireTime(spec.submittedAt),
    spec: spec.spec,
    env: spec.env,
    channels: spec.channels,
    graph_id: spec.graphId,
    input: spec.input,
    parents: spec.graphId === null ? null : parents,
    children: spec.graphId === null ? null : childrenOf(colony, spec),
    inputs: spec.graphId === null ? null : results.map(({ output }) => output),
  }
}

/** A process in any state, as it is read; undefined when there is none. */
export function processRow(colony: ColonyTables, processId: string): ProcessRow | undefined {
  const spec = colony.specs.get(processId)
  const live = colony.live.get(processId)
  const result = colony.results.get(processId)
  const row = live ?? result
  if (!spec || !row) return undefined
  const waited = result?.waitDeadline ?? after(spec.submittedAt, spec.waitSeconds)
  return {
    ...specColumns(colony, spec),
    state: row.state,
    holder: row.holder,
    started_at: wireTime(row.startedAt),
    ended_at: wireTime(result?.endedAt ?? null),
    wait_deadline: wireTime(live?.state === 0 ? live.deadline : waited),
    exec_deadline: wireTime(live?.state === 1 ? live.deadline : (result?.execDeadline ?? null)),
    retries: row.retries,
    attempt: row.attempt,
    open_parents: live?.openParents ?? 0,
    output: row.output,
    errors: result?.errors ?? null,
  }
}

/** Of rows that are locked, those whose workflows one transaction takes; one in any case. */
export function firstBytes<Row extends { workflow: string }>(rows: readonly Row[], bytesMax: number): Row[] {
  let bytes = 0
  return rows.filter(({ workflow }, place) => {
    bytes += Buffer.byteLength(workflow)
    return place === 0 || bytes <= bytesMax
  })
}
