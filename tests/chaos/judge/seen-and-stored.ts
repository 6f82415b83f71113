import { State } from '@colonies/protocol'
import { type CallRecord, closes as closeOperations, type History, submits as submitOperations } from '../history.js'
import { type Fault, fault } from './fault.js'
import type { StoredColony } from './stored-colony.js'

/** Most that a call may take: the longest poll of the loads, and what the library tries again after it. */
const callMsMax = 180_000

/**
 * What clients saw, against what is stored after all work has ended. A call whose outcome nobody knows may have been done or
 * not; one that was acknowledged was done once, and one that was refused was not.
 */
export function compareSeenAndStored(history: History, stored: StoredColony): Fault[] {
  const records = history.records.filter(({ colony }) => colony === stored.name)
  const calls = groupCalls(records)
  return [
    ...submits(calls.submits, stored),
    ...assigns(calls.assigns, stored),
    ...closes(calls.closes, stored),
    ...lateWrites(records, calls.assigns),
    ...returns(records, history, stored),
    ...endings(calls.closes, history, stored),
    ...colonies(records, stored),
    ...waits(records, history),
  ]
}

const assignOperations = ['assign', 'waitForProcess']
/** A close is judged by the end that it made. */
const heldOperations = ['addLog', 'setOutput', 'addAttribute', 'addChild', 'unassign']

function groupCalls(records: readonly CallRecord[]) {
  const of = (operations: readonly string[]) => records.filter(({ operation }) => operations.includes(operation))
  return { submits: of(submitOperations), assigns: of(assignOperations), closes: of(closeOperations) }
}

function submits(records: readonly CallRecord[], { results, live, labels }: StoredColony): Fault[] {
  const faults: Fault[] = []
  for (const record of records) {
    for (const id of record.outcome === 'ok' ? record.ids : []) {
      const places = Number(results.has(id)) + Number(live.has(id))
      if (places !== 1) faults.push(fault(1, `${id} was acknowledged and is in ${places} of live and results`, record))
    }
    for (const label of record.labels) {
      const made = labels.get(label) ?? []
      if (made.length > 1) faults.push(fault(1, `${label} was submitted once and made ${made.length}`, record, made))
      if (record.outcome === 'refused' && made.length > 0)
        faults.push(fault(8, `${label} was refused and is there`, record, made))
      if (record.outcome === 'ok' && made[0] !== undefined && !record.ids.includes(made[0]))
        faults.push(fault(1, `${label} was answered with another process than it made`, record, made))
    }
  }
  return faults
}

function assigns(records: readonly CallRecord[], { results, inputs }: StoredColony): Fault[] {
  const faults: Fault[] = []
  const given = new Map<string, CallRecord>()
  for (const record of records) {
    const [id] = record.outcome === 'ok' ? record.ids : []
    if (id === undefined) continue
    const input = inputs.get(id)
    if (input !== undefined && input !== record.detail)
      faults.push(fault(5, `${id} began with another input than its parents put out`, record, input))
    if (record.attempt === undefined) continue // libraries that know nothing of attempts
    const key = `attempt ${record.attempt} of ${id}`
    const before = given.get(key)
    if (before) faults.push(fault(2, `${key} was given away twice`, before, record))
    given.set(key, record)
    const stored = results.get(id)
    if (stored && record.attempt > stored.attempt)
      faults.push(fault(2, `${key} was given away, and its end is of attempt ${stored.attempt}`, record, stored))
  }
  return faults
}

/** What somebody was told about the end of a process holds. */
function closes(records: readonly CallRecord[], { results }: StoredColony): Fault[] {
  const faults: Fault[] = []
  const accepted = new Map<string, CallRecord>()
  for (const record of records) {
    const [id = ''] = record.ids
    const end = results.get(id)
    // Libraries that send no attempt are known by their executor alone.
    const isTheirs = end?.holder === record.client && (record.attempt ?? end.attempt) === end.attempt
    if (record.outcome === 'ok') {
      const before = accepted.get(id)
      accepted.set(id, record)
      if (before && (before.attempt !== record.attempt || before.client !== record.client))
        faults.push(fault(3, `${id} was closed twice`, before, record))
      if (!end) faults.push(fault(3, `${id} was closed and has not ended`, record))
      else if (!isTheirs && (record.attempt ?? end.attempt) < end.attempt)
        faults.push(fault(4, `${id} took the close of stale attempt ${record.attempt}`, record, end))
      else if (!isTheirs) faults.push(fault(4, `${id} took a close of one who did not hold it`, record, end))
      else if (end.state !== stateOf(record) || end.output !== record.detail)
        faults.push(fault(3, `${id} did not stay as it was closed`, record, end))
    }
    if (record.outcome === 'refused' && record.attempt !== undefined && isTheirs && end.state === stateOf(record))
      faults.push(fault(8, `${id} was closed by a call that was refused`, record, end))
  }
  return faults
}

/** What only a holder may do is not taken from one who, as others had been told before, holds it no more. */
function lateWrites(records: readonly CallRecord[], assignRecords: readonly CallRecord[]): Fault[] {
  const assignsOf = new Map<string, CallRecord[]>()
  for (const record of assignRecords) {
    const [id] = record.outcome === 'ok' ? record.ids : []
    if (id !== undefined) assignsOf.set(id, [...(assignsOf.get(id) ?? []), record])
  }
  return records.flatMap((record) => {
    const { operation, outcome, ids, attempt, started } = record
    if (!heldOperations.includes(operation) || outcome !== 'ok' || attempt === undefined) return []
    const later = assignsOf.get(ids[0] ?? '')?.find((one) => (one.attempt ?? 0) > attempt && one.ended < started)
    return later ? [fault(4, `${ids[0]} took ${operation} of stale attempt ${attempt}`, record, later)] : []
  })
}

/** What somebody was told to hold went back only when they gave it back; a reply that reached nobody is given back too. */
function returns(records: readonly CallRecord[], { killed }: History, { givenBack }: StoredColony): Fault[] {
  const keyOf = (id: string | undefined, attempt: number | undefined, client: string) => `${id} ${attempt} ${client}`
  const held = new Map<string, CallRecord>()
  const asked = new Set<string>()
  for (const record of records) {
    const { operation, outcome, ids, attempt, client } = record
    const key = keyOf(ids[0], attempt, client)
    if (assignOperations.includes(operation) && outcome === 'ok') held.set(key, record)
    if (operation === 'unassign' && outcome !== 'refused') asked.add(key)
  }
  return givenBack.flatMap(({ processId, attempt, holder }) => {
    const record = held.get(keyOf(processId, attempt, holder))
    // Libraries that know nothing of attempts name the process alone.
    const isAsked = [attempt, undefined].some((of) => asked.has(keyOf(processId, of, holder)))
    if (!record || isAsked || killed.has(holder)) return []
    return [fault(4, `attempt ${attempt} of ${processId} went back, and ${holder} held it and did not ask`, record)]
  })
}

const stateOf = ({ operation }: CallRecord) => (operation === 'closeFailed' ? State.failed : State.success)

/** Nothing ends, or fails, without somebody who ended it so. */
function endings(
  records: readonly CallRecord[],
  history: History,
  { results, unfinished, cancelled }: StoredColony,
): Fault[] {
  const faults: Fault[] = []
  const attempted = new Set(
    records
      .filter(({ outcome }) => outcome !== 'refused')
      .flatMap((record) => record.ids.map((id) => `${id} ${record.client} ${stateOf(record)}`)),
  )
  for (const [id, end] of results) {
    const known = end.holder !== null && history.killed.has(end.holder)
    if (known || cancelled.has(id)) continue
    if (!attempted.has(`${id} ${end.holder} ${end.state}`))
      faults.push(fault(4, `${id} ended in state ${end.state}, and nobody ended it so`, end))
  }
  for (const id of unfinished) faults.push(fault(11, `${id} never ended`))
  return faults
}

function colonies(records: readonly CallRecord[], { foreign }: StoredColony): Fault[] {
  const seen = records.filter(({ outcome, ids }) => outcome === 'ok' && ids.some((id) => foreign.has(id)))
  return seen.map((record) => fault(9, `${record.client} saw a process of another colony`, record))
}

function waits(records: readonly CallRecord[], { open }: History): Fault[] {
  const long = records.filter(({ started, ended }) => ended - started > callMsMax)
  return [
    ...long.map((record) => fault(11, `${record.operation} took ${record.ended - record.started} ms`, record)),
    ...open.map((call) => fault(11, `${call.operation} has not ended`, call)),
  ]
}
