import { mayMove } from '@colonies/core'
import type { Claimed, Close, Ended, Submitted } from '@colonies/database'
import type { ModelDatabase, Run } from '../model/model-database.js'
import type { ColonyTables, Event } from '../model/tables.js'
import type { Auditor } from '../world/postgres.js'
import type { World } from '../world/world.js'

interface Seen {
  state: number
  attempt: number
  holder: string | null
}

const REMOVED = 9

/** Looks at every commit: what it did to each process has to be an arrow that is drawn, and the work of who may do it. */
export class CommitAuditor implements Auditor {
  readonly #world: World
  readonly #model: ModelDatabase
  readonly #known = new Map<string, Seen>()
  readonly #handedOut = new Map<string, string>()
  #held = new Map<string, Seen>()
  #eventsRead = 0

  constructor(world: World, model: ModelDatabase) {
    this.#world = world
    this.#model = model
  }

  get #colony(): ColonyTables | undefined {
    return this.#model.tables.colonies.values().next().value
  }

  beforeCommit({ name, args }: Run): void {
    this.#held = new Map()
    if (name !== 'closeSuccessful' && name !== 'closeFailed') return
    for (const { processId } of args[1] as Close[]) {
      const row = this.#colony?.live.get(processId)
      if (row) this.#held.set(processId, { state: row.state, attempt: row.attempt, holder: row.holder })
    }
  }

  afterCommit(run: Run, answer: unknown, from: string): void {
    const colony = this.#colony
    if (!colony) return
    for (const event of colony.events.slice(this.#eventsRead)) this.#follow(colony, event, { run, from })
    this.#eventsRead = colony.events.length
    if (run.name === 'claimProcesses')
      for (const { process_id, attempt, holder } of answer as Claimed[]) this.#hand(process_id, attempt, holder)
    if (run.name === 'insertProcesses')
      for (const { process_id, fresh, state } of answer as Submitted[]) {
        if (fresh && state === 1) this.#hand(process_id, 1, colony.live.get(process_id)?.holder ?? null)
      }
    if (run.name === 'closeSuccessful' || run.name === 'closeFailed')
      this.#checkFence(run.args[1] as Close[], answer as Ended)
  }

  #follow(colony: ColonyTables, event: Event, { run, from }: { run: Run; from: string }): void {
    const { processId, oldState, state, attempt, holder, reason } = event
    const before = this.#known.get(processId)
    this.#world.log(
      this.#world.node('postgres'),
      `${shown(processId)} ${oldState ?? 'new'} -> ${state}, attempt ${attempt}, ${holder === null ? 'nobody' : shown(holder)} (${reason}, by ${from})`,
    )
    const where = `process ${shown(processId)}, ${reason}`
    if ((before?.state ?? null) !== oldState)
      this.#world.fail(`One state after the other: ${where} says it was in ${oldState}, and it was in ${before?.state}`)
    if (state !== REMOVED && !mayMove((oldState ?? undefined) as never, state as never))
      this.#world.fail(`Only drawn arrows (3): ${where} leads from ${oldState} to ${state} in ${run.name}`)
    if (before && attempt < before.attempt)
      this.#world.fail(`Attempts only grow (2): ${where} is attempt ${attempt} after ${before.attempt}`)
    if (state === 1 && before && attempt <= before.attempt)
      this.#world.fail(`Each holder has an attempt of its own (2): ${where} is attempt ${attempt} again`)
    if (before?.state === 1 && oldState === 1 && holder !== before.holder)
      this.#world.fail(
        `One holder (2): ${where} says ${shown(holder ?? '')} held it, not ${shown(before.holder ?? '')}`,
      )
    if (colony.live.has(processId) === colony.results.has(processId))
      this.#world.fail(`In exactly one of live and results (1): ${where}`)
    this.#known.set(processId, { state, attempt, holder })
  }

  /** The same attempt of a process never goes out twice: neither to two executors, nor to one that asked twice. */
  #hand(processId: string, attempt: number, holder: string | null): void {
    const key = `${processId} ${attempt}`
    if (this.#handedOut.has(key))
      this.#world.fail(`One holder (2): attempt ${attempt} of process ${shown(processId)} was handed out twice`)
    this.#handedOut.set(key, holder ?? '')
  }

  #checkFence(closes: readonly Close[], { ended }: Ended): void {
    for (const [processId, place] of ended) {
      const close = closes[place]
      const held = this.#held.get(processId)
      const isHolder = close && held?.state === 1 && held.holder === close.holder
      const isCurrent = close && (close.attempt === 0 || close.attempt === held?.attempt)
      if (!isHolder || !isCurrent)
        this.#world.fail(`Only the current holder changes a process (4): ${shown(processId)} was closed by another`)
    }
  }
}

/** An id as it is easy to tell from others: names of the simulation in clear, others by the end of what is random. */
export const shown = (id: string): string =>
  /0{20}$/.test(id) ? Buffer.from(id.replace(/0+$/, ''), 'hex').toString() : id.slice(12, 20)
