import { type Db, sql } from '@colonies/database'
import { State } from '@colonies/protocol'
import { NOBODY } from '../load/schedules.js'

export interface StoredEnd {
  readonly state: number
  readonly holder: string | null
  readonly attempt: number
  /** JSON of the output, or of the errors of what failed. */
  readonly output: string
}

export interface GivenBack {
  readonly processId: string
  readonly attempt: number
  readonly holder: string
}

/** What the tables have of one colony, as far as it is compared with what clients saw. */
export interface StoredColony {
  readonly name: string
  readonly results: ReadonlyMap<string, StoredEnd>
  readonly live: ReadonlySet<string>
  /** Those of `live` that an executor could have ended. */
  readonly unfinished: ReadonlySet<string>
  /** Processes by the label that their submitter gave them. */
  readonly labels: ReadonlyMap<string, readonly string[]>
  /** JSON of the outputs of all parents, of processes that have some. */
  readonly inputs: ReadonlyMap<string, string>
  /** Ended by a user, or by the end of a parent: nobody closed them. */
  readonly cancelled: ReadonlySet<string>
  /** Attempts that went back to the queue, as when their holder gives them up, of executors that may still work. */
  readonly givenBack: readonly GivenBack[]
  /** Processes of all other colonies. */
  readonly foreign: ReadonlySet<string>
}

/** Reads a colony whole; tests are as large as memory allows. */
export async function readColony(db: Db, { key, name }: { key: number; name: string }): Promise<StoredColony> {
  const [ends, live, labelled, edges, givenBack, foreign] = await Promise.all([
    db.all<StoredEnd & { process_id: string; errors: string[] | null }>(sql`
      select process_id, state, holder, attempt, output, errors from results where colony = ${key}`),
    db.all<{ process_id: string; executor_type: string }>(sql`
      select process_id, executor_type from live where colony = ${key}`),
    db.all<{ process_id: string; label: string }>(sql`
      select process_id, label from process_specs where colony = ${key} and label <> ''`),
    db.all<{ child_id: string; parent_id: string }>(sql`
      select child_id, parent_id from edges where colony = ${key} order by child_id, position`),
    // What is held by nobody, since its executor was removed, goes back in the same way.
    db.all<GivenBack>(sql`
      select v.process_id as "processId", v.attempt, v.holder from events v
      join executors e on e.colony = ${key} and e.executor_id = v.holder and e.state = 1
      where v.colony = ${key} and v.reason = 'unassign'`),
    db.all<{ process_id: string }>(sql`select process_id from process_specs where colony <> ${key}`),
  ])
  const results = new Map(ends.map(({ process_id, errors, ...end }) => [process_id, normal(end, errors)]))
  const labels = new Map<string, string[]>()
  for (const { process_id, label } of labelled) labels.set(label, [...(labels.get(label) ?? []), process_id])
  const isCancelled = ({ state, holder }: StoredEnd) => state === State.cancelled || holder === null
  return {
    name,
    results,
    live: new Set(live.map((row) => row.process_id)),
    unfinished: new Set(live.flatMap((row) => (row.executor_type === NOBODY ? [] : [row.process_id]))),
    labels,
    inputs: inputsOf(edges, results),
    cancelled: new Set([...results].flatMap(([id, end]) => (isCancelled(end) ? [id] : []))),
    givenBack,
    foreign: new Set(foreign.map((row) => row.process_id)),
  }
}

function normal(end: StoredEnd, errors: readonly string[] | null): StoredEnd {
  const output = end.state === State.failed ? JSON.stringify(errors ?? []) : canonical(end.output)
  return { ...end, output }
}

const canonical = (text: string | null) => JSON.stringify(JSON.parse(text ?? '[]'))

function inputsOf(
  edges: readonly { child_id: string; parent_id: string }[],
  results: ReadonlyMap<string, StoredEnd>,
): Map<string, string> {
  const inputs = new Map<string, unknown[]>()
  for (const { child_id, parent_id } of edges) {
    const output = JSON.parse(results.get(parent_id)?.output ?? '[]') as unknown[]
    inputs.set(child_id, [...(inputs.get(child_id) ?? []), ...output])
  }
  return new Map([...inputs].map(([id, input]) => [id, JSON.stringify(input)]))
}
