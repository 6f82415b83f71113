import type { NewProcess, Submitted } from '@colonies/database'
import { statement } from './model-database.js'
import { addEvent, newRequest, queuePlace, requestKey, waitingRow } from './rows.js'
import { after, type ColonyTables, type Spec, wireTime } from './tables.js'

/** What the statement saw when it began, whatever it waited for. */
interface Plan {
  /** Executors that may hold a process. */
  approved: Set<string>
  known: Map<string, string>
}

const mayHold = (colony: ColonyTables, holder: NewProcess['holder']): holder is NonNullable<NewProcess['holder']> =>
  holder !== null && colony.executors.get(holder.id)?.state === 1 && !colony.paused

export const insertProcesses = statement('insertProcesses', {
  // Two inserts of one new request: the second waits for the first at the primary key of `requests`.
  locks({ tables }, colonyKey, processes) {
    const colony = tables.of(colonyKey)
    const plan: Plan = {
      approved: new Set(processes.flatMap(({ holder }) => (mayHold(colony, holder) ? holder.id : []))),
      known: new Map(colony.requests),
    }
    const waits = processes.flatMap(({ requestId, initiatorId }) => newRequest(colony, initiatorId, requestId))
    return { waits, plan, isSettled: true }
  },
  apply(tx, colonyKey, processes) {
    const { now } = tx
    const colony = tx.tables.of(colonyKey)
    const { approved, known } = tx.plan as Plan
    const rows: Submitted[] = []
    for (const [place, { holder, requestId, ...process }] of processes.entries()) {
      const key = requestId === null ? undefined : requestKey(process.initiatorId, requestId)
      if (key !== undefined && colony.requests.has(key)) {
        const madeBefore = known.get(key) // of the same batch, or of one beside it: not in the snapshot, so there is no answer
        if (madeBefore !== undefined) rows.push(repeated(place, madeBefore, now))
        continue
      }
      if (key !== undefined) colony.requests.set(key, process.processId)
      const priorityTime = queuePlace(now, place % 1000, process.priority)
      const spec: Spec = { ...process, graphId: null, submittedAt: now, priorityTime, input: null }
      const dispatched = holder !== null && approved.has(holder.id)
      const row = waitingRow(spec, now, 0, [])
      if (dispatched) {
        row.state = 1
        row.attempt = 1
        row.deadline = after(now, process.execSeconds)
        row.holder = holder?.id ?? null
        row.holderName = holder?.name ?? null
        row.assignId = holder?.assignId ?? null
        row.startedAt = now
      }
      colony.specs.set(process.processId, spec)
      colony.live.set(process.processId, row)
      addEvent(tx, colony, row, { oldState: null, state: row.state, holder: row.holder, reason: 'submit' })
      rows.push({
        place,
        process_id: process.processId,
        fresh: true,
        state: row.state,
        submitted_at: wireTime(now),
        priority_time: priorityTime,
        wait_deadline: wireTime(after(now, process.waitSeconds)),
        exec_deadline: dispatched ? wireTime(row.deadline) : null,
        started_at: dispatched ? wireTime(now) : null,
      })
    }
    return rows
  },
})

function repeated(place: number, processId: string, now: number): Submitted {
  return {
    place,
    process_id: processId,
    fresh: false,
    state: 0,
    submitted_at: wireTime(now),
    priority_time: 0n,
    wait_deadline: null,
    exec_deadline: null,
    started_at: null,
  }
}
