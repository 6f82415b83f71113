import { Clock, Cores, randomOf, Thread } from './engine.js'
import type { Costs } from './system.js'
import { Postgres, Replica } from './system.js'

/** What the load of the bench takes for each operation, in milliseconds of its one thread. */
export interface LoadCosts {
  submit: number
  assign: number
  close: number
}

export interface OneMachine {
  costs: Costs
  load: LoadCosts
  commitMs: number
  /** That the machine has for load, replica and PostgreSQL together. */
  cores: number
}

export interface Lives {
  perSecond: number
  /** At work on average. */
  cores: { load: number; server: number; database: number }
  batches: { submit: number; assign: number; close: number }
}

const USERS = 16
const EXECUTORS = 16
/** Submitters are so far ahead of executors at most, as in the bench. */
const AHEAD = 4 * EXECUTORS
const [WARM_MS, MEASURED_MS] = [500, 4_000]
const COLONY = 1

/** The row `lives-16-16` of the bench, in the model: one replica, one PostgreSQL and the load share the cores of one machine. */
export function livesOnOneMachine({ costs, load, commitMs, cores: count }: OneMachine): Lives {
  const clock = new Clock()
  const cores = new Cores(clock, count)
  const random = randomOf(1)
  const postgres = new Postgres(clock, cores, { logMs: commitMs, hopMs: 0 })
  const replica = new Replica(clock, cores, postgres, { costs, connections: 20 })
  const loadThread = new Thread(cores)
  let [begun, ended] = [0, 0]

  function submitter(): void {
    if (begun - ended >= AHEAD) clock.after(1, submitter)
    else {
      begun++
      loadThread.run(load.submit, () => replica.submit(COLONY, submitter))
    }
  }
  function executor(): void {
    loadThread.run(load.assign, () =>
      replica.assign(COLONY, () =>
        loadThread.run(load.close, () =>
          replica.close(COLONY, () => {
            ended++
            executor()
          }),
        ),
      ),
    )
  }
  for (let n = 0; n < USERS; n++) clock.after(random(), submitter)
  for (let n = 0; n < EXECUTORS; n++) clock.after(random(), executor)
  clock.runUntil(WARM_MS)
  const before = { ended, load: loadThread.workMs, server: replica.thread.workMs, all: cores.busyMs }
  clock.runUntil(WARM_MS + MEASURED_MS)
  const [loadMs, serverMs] = [loadThread.workMs - before.load, replica.thread.workMs - before.server]
  return {
    perSecond: ((ended - before.ended) * 1_000) / MEASURED_MS,
    cores: {
      load: loadMs / MEASURED_MS,
      server: serverMs / MEASURED_MS,
      database: (cores.busyMs - before.all - loadMs - serverMs) / MEASURED_MS,
    },
    batches: {
      submit: replica.submits.items / replica.submits.flushes,
      assign: replica.claimed / replica.claims,
      close: replica.closes.items / replica.closes.flushes,
    },
  }
}
