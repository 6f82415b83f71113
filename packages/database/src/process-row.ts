import { limits } from '@colonies/protocol'
import { inputBytes } from './process-json.js'
import { type Sql, sql } from './sql.js'

/** Internal number for "removed", used only in `events.state`; see `State` for the others. */
export const REMOVED = 9

/** What a replica needs to write the reply for one process. Times are wire times, null is "not yet". */
export interface ProcessRow {
  process_id: string
  initiator_id: string
  initiator_name: string
  holder: string | null
  state: number
  priority_time: bigint
  submitted_at: string
  started_at: string | null
  ended_at: string | null
  wait_deadline: string | null
  exec_deadline: string | null
  retries: number
  attempt: number
  spec: string
  env: string
  channels: string | null
  open_parents: number
  graph_id: string | null
  /** In the order of the child's dependencies; null outside of graphs. */
  parents: string[] | null
  children: string[] | null
  /** A JSON list that a node without parents got from elsewhere; null for none. */
  input: string | null
  /**
   * Outputs of the parents that have one, as JSON lists in the order of `parents`. In a graph, null when these are more
   * than `limits.inputBytesMax`.
   */
  inputs: (string | null)[] | null
  output: string | null
  errors: string[] | null
}

/**
 * Columns that come from `process_specs s` and from the graph, for a process of `colony`. Parents give their outputs
 * here and not at their close: a close that waited for a sibling's cannot see the sibling's output, a later reader can.
 */
export function specColumns(colony: number): Sql {
  return sql`${ownColumns},
    case when s.graph_id is not null then
      array(select e.parent_id from edges e where e.colony = ${colony} and e.child_id = s.process_id order by e.position)
    end as parents,
    case when s.graph_id is not null then
      array(select e.child_id from edges e where e.colony = ${colony} and e.parent_id = s.process_id order by e.child_id)
    end as children,
    case when s.graph_id is not null and ${inputBytes(colony)} <= ${limits.inputBytesMax} then
      array(select p.output from edges e join results p on p.colony = ${colony} and p.process_id = e.parent_id
            where e.colony = ${colony} and e.child_id = s.process_id order by e.position)
    end as inputs`
}

const ownColumns = sql`s.process_id, s.initiator_id, s.initiator_name, s.priority_time, s.submitted_at, s.spec, s.env,
    s.channels, s.graph_id, s.input`

/** The same of a process that is in no graph. */
export const columnsOutsideOfGraphs = sql`${ownColumns}, null::text[] as parents, null::text[] as children,
    null::text[] as inputs`

/** Bytes of what was submitted of a process `s`, and of its input. None of the texts is read for that. */
export function specBytes(colony: number): Sql {
  return sql`(${ownBytes} + least(${inputBytes(colony)}, ${limits.inputBytesMax}))`
}

const ownBytes = sql`octet_length(s.spec) + octet_length(s.env)`

/** Bytes of a process `s` in a reply, without its own output and errors. */
export function textBytes(colony: number): Sql {
  return sql`(${specBytes(colony)} + ${attributeBytes(colony)})`
}

/** The same of a process that is in no graph. */
export function textBytesOutsideOfGraphs(colony: number): Sql {
  return sql`(${ownBytes} + ${attributeBytes(colony)})`
}

function attributeBytes(colony: number): Sql {
  return sql`(
    select coalesce(sum(octet_length(a.value) + octet_length(a.key)), 0) from attributes a
    where a.colony = ${colony} and a.process_id = s.process_id)`
}

/** Whether the outputs of its parents are more than a process can be given. */
export function hasTooMuchInput({ graph_id, inputs }: ProcessRow): boolean {
  return graph_id !== null && inputs === null
}
