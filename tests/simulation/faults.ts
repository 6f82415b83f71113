import { joinOutputs } from '@colonies/core'
import type { Close, GeneratorRun } from '@colonies/database'
import { replaceStatement } from './model/model-database.js'
import type { Cron, Live } from './model/tables.js'
import { replaceRule } from './substitutes/core.js'
import { stage } from './world/stage.js'

/** A fault that somebody could have made, for showing that the judge would see it. */
export interface PlantedFault {
  readonly name: string
  readonly says: string
  /** @returns what takes it out again */
  plant(): () => void
  /** Loops that replicas do not run. */
  readonly withoutLoops?: readonly string[]
}

const nothing = () => () => {}
const tables = () => stage.scenery?.postgres.model.tables.of(1)
const chance = (probability: number) => stage.scenery?.world.random.chance(probability) ?? false

export const faults: readonly PlantedFault[] = [
  {
    name: 'close-without-fence',
    says: 'a close does not look at who holds the process, and as which attempt',
    plant: () =>
      replaceStatement('closeSuccessful', (real) => ({
        ...real,
        apply(tx, colony, closes) {
          const live = tx.tables.of(colony).live
          const unfenced = closes.map(
            (close): Close => ({ ...close, holder: live.get(close.processId)?.holder ?? '', attempt: 0 }),
          )
          return real.apply(tx, colony, unfenced)
        },
      })),
  },
  {
    name: 'claim-without-lock',
    says: 'a claim neither skips locked rows nor looks again whether they still wait',
    plant: () =>
      replaceStatement('claimProcesses', (real) => ({
        ...real,
        locks: ({ tables, now }, ...args) => ({
          ...real.locks?.({ tables, now, isFree: () => true }, ...args),
          skips: [],
          waits: [],
        }),
      })),
  },
  {
    name: 'claim-keeps-attempt',
    says: 'a claim does not count the attempt',
    plant: () =>
      replaceStatement('claimProcesses', (real) => ({
        ...real,
        apply(tx, ...args) {
          const before = new Map([...(tables()?.live.values() ?? [])].map((row): [Live, number] => [row, row.attempt]))
          const rows = real.apply(tx, ...args)
          for (const row of rows) {
            const live = tables()?.live.get(row.process_id)
            if (live && live.retries > 0) row.attempt = live.attempt = before.get(live) ?? live.attempt
          }
          return rows
        },
      })),
  },
  {
    name: 'cron-in-two-transactions',
    says: 'a cron moves its next time in another transaction than the one that stores its graph, and no index is unique',
    plant: () =>
      replaceStatement('fireCrons', (real) => ({
        ...real,
        apply(tx, colony, options) {
          const { crons, graphs } = tx.tables.of(colony)
          const planned = new Map([...crons.values()].map((cron): [Cron, number | null] => [cron, cron.nextRun]))
          const fired = real.apply(tx, colony, options)
          // By a microsecond, so that the unique index on planned times is none.
          for (const graph of graphs.values()) if (graph.plannedAt !== null) graph.plannedAt += 1
          // The second one is lost with its connection, now and then.
          if (fired.length > 0 && chance(0.2)) for (const [cron, nextRun] of planned) cron.nextRun = nextRun
          return fired
        },
      })),
  },
  {
    name: 'no-crons',
    says: 'nobody starts crons',
    withoutLoops: ['crons'],
    plant: nothing,
  },
  {
    name: 'cron-stops',
    says: 'a cron that has run is planned for no time any more',
    plant: () =>
      replaceStatement('fireCrons', (real) => ({
        ...real,
        apply(tx, colony, options) {
          const fired = real.apply(tx, colony, options)
          const { crons } = tx.tables.of(colony)
          for (const { cron } of fired) {
            const row = crons.get(cron.cron_id)
            if (row && chance(0.2)) row.nextRun = null
          }
          return fired
        },
      })),
  },
  {
    name: 'generator-keeps-arguments',
    says: 'a generator uses arguments without taking them out of the queue',
    plant: () =>
      replaceStatement('runGenerators', (real) => ({
        ...real,
        apply(tx, colony, options): GeneratorRun[] {
          const rows = [...tx.tables.of(colony).generators.values()].map((row) => ({
            row,
            args: [...row.args],
            taken: row.taken,
          }))
          const runs = real.apply(tx, colony, options)
          for (const { row, args, taken } of rows) if (chance(0.1)) Object.assign(row, { args, taken, dueAt: tx.now })
          return runs
        },
      })),
  },
  {
    name: 'submit-forgets-requests',
    says: 'a submit that is sent again makes a second process',
    plant: () =>
      replaceStatement('insertProcesses', (real) => ({
        ...real,
        apply: (tx, colony, processes, attributes) =>
          real.apply(
            tx,
            colony,
            processes.map((process) => ({ ...process, requestId: null })),
            attributes,
          ),
      })),
  },
  {
    name: 'child-of-one-parent',
    says: 'a child begins as soon as one of its parents has succeeded',
    plant: () =>
      replaceStatement('closeSuccessful', (real) => ({
        ...real,
        apply(tx, colony, closes) {
          const { live } = tx.tables.of(colony)
          for (const { processId } of closes)
            for (const child of live.get(processId)?.children ?? []) {
              const row = live.get(child)
              if (row) row.openParents = 1
            }
          return real.apply(tx, colony, closes)
        },
      })),
  },
  {
    name: 'counter-skips-late-commit',
    says: 'counters are added up to the newest transaction, also where an older one is still under way',
    plant: () =>
      replaceStatement('rollUp', (real) => ({
        ...real,
        apply: (tx, colony, most) => real.apply({ ...tx, horizon: tx.xact }, colony, most),
      })),
  },
  {
    name: 'cron-counts-from-now',
    says: 'the rule that plans crons counts from now, so that times are left out when somebody looked late',
    plant: () =>
      replaceRule('nextRun', ({ interval }, { plannedMs, nowMs }) => {
        const intervalMs = interval * 1000
        return plannedMs + (Math.floor(Math.max(0, nowMs - plannedMs) / intervalMs) + 1) * intervalMs
      }),
  },
  {
    name: 'input-of-one-parent',
    says: 'the rule that joins outputs to an input takes those of the first parent alone',
    plant: () => replaceRule('joinOutputs', (outputs) => joinOutputs(outputs.slice(0, 1))),
  },
  {
    name: 'no-poll',
    says: 'nobody looks after waiting executors whose hint was lost',
    withoutLoops: ['idle-poll'],
    plant: nothing,
  },
  {
    name: 'no-deadlines',
    says: 'the time of a lease never ends',
    withoutLoops: ['deadlines'],
    plant: nothing,
  },
]
