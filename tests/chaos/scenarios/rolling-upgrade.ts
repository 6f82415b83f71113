import type { Client } from '@colonies/client'
import { emptyDatabase } from '@colonies/testkit'
import type { CallRecord } from '../history.js'
import { judge } from '../judge.js'
import { startExecutors } from '../load/executors.js'
import { type Load, untilEndOf } from '../load/load.js'
import { diamond, workSpec } from '../load/work-specs.js'
import { pause } from '../monkey.js'
import type { Report, Scenario, Stage } from '../scenario.js'
import { untilDrained } from '../settle.js'
import { type ChaosColony, rotated } from '../stage/colony.js'
import { buildPreviousRelease, previousRelease } from '../stage/previous-release.js'
import { type ReplicaProcess, theseSources } from '../stage/replica-process.js'
import { serveColony } from '../stage/served-colony.js'

/** `rate`: operations per second. */
const sizes = {
  ci: { rate: 45, rounds: 1, calmMs: 500, executors: 4 },
  full: { rate: 200, rounds: 3, calmMs: 5_000, executors: 16 },
} as const
const SUBMITTERS = 4
/** In ten turns: ten submits, of which one is a diamond, and 13 processes that are assigned and closed. */
const OPERATIONS_PER_TURN = 3.6
/** Submits of one submitter without an answer; further turns are left out. */
const OPEN_MAX = 500
const REPLICAS = 3

export const rollingUpgrade: Scenario = {
  name: 'rolling-upgrade',
  says: `from version ${previousRelease.name} to this one and back, replica by replica, under load`,
  async run(stage, { scale, minutes = 15 }) {
    const size = sizes[scale]
    const old = await buildPreviousRelease()
    const { config } = await emptyDatabase(stage.scope)
    const { db, replicas, endpoints, history, colony } = await serveColony(stage, {
      config,
      count: REPLICAS,
      program: old,
    })
    const executors = await startExecutors(stage, colony, { count: size.executors, endpoints, concurrency: 4 })
    // Executors asked before they were let in.
    const from = history.records.length
    const load = await startLoad(stage, colony, { endpoints, rate: size.rate })

    const begun = Date.now()
    let rounds = 0
    for (; rounds < size.rounds && Date.now() - begun < minutes * 60_000; rounds++) {
      await exchange(stage, replicas, { program: theseSources, calmMs: size.calmMs })
      await exchange(stage, replicas, { program: old, calmMs: size.calmMs })
    }
    await exchange(stage, replicas, { program: theseSources, calmMs: size.calmMs })
    // What is given up at the end is given up by this test.
    const records = history.records.slice(from)
    const seconds = (Date.now() - begun) / 1000
    await load.stop()
    const left = await untilDrained(db, colony.key, 60)
    await executors.stop()

    const faults = await judge(history, db, colony)
    return { faults, ...measure(records, { seconds, left, rate: size.rate }) }
  },
}

/** Replaces one replica after the other, each in order. */
async function exchange(
  stage: Stage,
  replicas: readonly ReplicaProcess[],
  { program, calmMs }: { program: string; calmMs: number },
): Promise<void> {
  for (const replica of replicas) {
    await replica.stop()
    replica.program = program
    await replica.start()
    // sleeps: old and new replicas work side by side for a while
    await pause(calmMs)
  }
  stage.say(program === theseSources ? 'all replicas are new' : 'all replicas are old')
}

/** Submits single processes, and a diamond each tenth time, at a rate that does not wait for the answers. */
async function startLoad(
  stage: Stage,
  colony: ChaosColony,
  { endpoints, rate }: { endpoints: readonly string[]; rate: number },
): Promise<Load> {
  let stopped = false
  const everyMs = (SUBMITTERS * OPERATIONS_PER_TURN * 1_000) / rate
  const users = await Promise.all(
    Array.from({ length: SUBMITTERS }, (_, n) => colony.user(`s${n}`, rotated(endpoints, n))),
  )
  const running = users.map(async (user, number) => {
    const begun = performance.now()
    const open = new Set<Promise<unknown>>()
    for (let turn = 0; !stopped; turn++) {
      const label = `s${number}:${turn}`
      if (open.size < OPEN_MAX) {
        // A call that fails for good is in the history.
        const call = submit(user, colony.name, { label, isDiamond: turn % 10 === 9 })
          .catch(() => {})
          .finally(() => open.delete(call))
        open.add(call)
      }
      // sleeps: the load has a rate
      await pause(Math.max(0, begun + turn * everyMs - performance.now()))
    }
    await Promise.all(open)
  })
  return untilEndOf(stage, {
    async stop() {
      stopped = true
      await Promise.all(running)
    },
  })
}

function submit(
  user: Client,
  colonyname: string,
  { label, isDiamond }: { label: string; isDiamond: boolean },
): Promise<unknown> {
  if (!isDiamond) return user.submit({ spec: workSpec(colonyname, label) })
  return user.submitWorkflow({ spec: diamond(colonyname, (node) => workSpec(colonyname, `${label}${node}`)) })
}

function measure(
  records: readonly CallRecord[],
  { seconds, left, rate }: { seconds: number; left: number; rate: number },
): Omit<Report, 'faults'> {
  const failed = records.filter(({ outcome }) => outcome !== 'ok')
  const ends = records.filter(({ outcome }) => outcome === 'ok').map(({ ended }) => ended)
  const pauses = ends.slice(1).map((ended, index) => ended - (ends[index] ?? ended))
  const perSecond = Math.round(records.length / seconds)
  return {
    missed: [
      ...(left > 0 ? [`${left} processes never ended`] : []),
      ...failed
        .slice(0, 10)
        .map(({ operation, code, tries }) => `${operation} failed: ${code} after ${tries.join(', ')}`),
      ...(perSecond < rate * 0.9 ? [`only ${perSecond} operations per second`] : []),
    ],
    numbers: {
      operations: records.length,
      'per second': perSecond,
      failed: failed.length,
      'sent again': records.filter(({ tries }) => tries.length > 1).length,
      'longest time without an answer, ms': Math.round(pauses.reduce((longest, ms) => Math.max(longest, ms), 0)),
    },
  }
}
