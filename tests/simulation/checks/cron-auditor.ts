import { limits } from '@colonies/protocol'
import type { ColonyTables, Cron, Micros } from '../model/tables.js'

const SECOND: Micros = 1_000_000
const LATE: Micros = limits.cronLateSeconds * SECOND

interface Run {
  plannedAt: Micros
  submittedAt: Micros
}

/**
 * 6. Every planned time of a cron fires at most once, from the first one until the cron is stopped, and is left out only when it
 * was missed or its graph was in the way.
 */
export class CronAuditor {
  readonly #colony: ColonyTables
  /** When each was to run first. */
  readonly #first: ReadonlyMap<string, Micros | null>
  /** Of those that were stopped, when they were to run next. */
  readonly #stopped = new Map<string, Micros>()

  /** @param colony with all its crons, none of which has run */
  constructor(colony: ColonyTables) {
    this.#colony = colony
    this.#first = new Map([...colony.crons.values()].map(({ cron_id, nextRun }) => [cron_id, nextRun]))
  }

  /** Stops the crons that owe nothing. One that waits for its graphs may owe something all the time, but not its first run. */
  stopThoseOnTime(now: Micros): void {
    for (const cron of this.#colony.crons.values()) {
      const mayOwe = cron.overlap === 'wait' && cron.nextRun !== this.#first.get(cron.cron_id)
      if (cron.nextRun === null || (cron.nextRun <= now && !mayOwe)) continue
      this.#stopped.set(cron.cron_id, cron.nextRun)
      cron.nextRun = null
    }
  }

  get areStopped(): boolean {
    return this.#stopped.size === this.#first.size
  }

  faults(): string[] {
    return [...this.#colony.crons.values()].flatMap((cron) => {
      const runs = [...this.#colony.graphs.values()]
        .filter(({ cronId }) => cronId === cron.cron_id)
        .flatMap(({ plannedAt, submittedAt }): Run[] => (plannedAt === null ? [] : [{ plannedAt, submittedAt }]))
        .sort((a, b) => a.plannedAt - b.plannedAt)
      return [...this.#boundFaults(cron, runs), ...this.#gapFaults(cron, runs)]
    })
  }

  #boundFaults({ cron_id, name, nextRun }: Cron, [first]: readonly Run[]): string[] {
    if (!first) return [`(6) ${name} has never run`]
    const late = Math.round((first.plannedAt - (this.#first.get(cron_id) ?? 0)) / SECOND)
    const lost = nextRun === null ? 'is planned for no time any more' : 'still owes a time that has passed'
    return [
      ...(late === 0 ? [] : [`(6) ${name} left out the ${late} seconds before its first run`]),
      ...(this.#stopped.has(cron_id) ? [] : [`(6) ${name} ${lost}`]),
    ]
  }

  #gapFaults({ cron_id, name, overlap, interval_seconds, catchup }: Cron, runs: readonly Run[]): string[] {
    const mayBeLeftOut = overlap === 'skip' || overlap === 'wait'
    const next = this.#stopped.get(cron_id)
    const coming = next === undefined ? [] : [{ plannedAt: next, submittedAt: next }]
    return [...runs, ...coming].slice(1).flatMap((run, at) => {
      const before = runs[at] ?? run
      const gap = Math.round((run.plannedAt - before.plannedAt) / SECOND)
      if (gap === 0) return [`(6) a planned time of ${name} has fired twice`]
      if (gap === interval_seconds || mayBeLeftOut) return []
      // Times that had passed for long when their predecessor was served were missed, all together.
      const wasLate = before.submittedAt - (before.plannedAt + interval_seconds * SECOND) > LATE
      return wasLate && !catchup ? [] : [`(6) ${name} left out the times of ${gap} seconds`]
    })
  }
}
