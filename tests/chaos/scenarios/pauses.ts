import { type Db, sql } from '@colonies/database'
import { generatePrivateKey } from '@colonies/identity'
import type { History, Outcome } from '../history.js'
import { slowestSubmit } from '../judge/back.js'
import { judge } from '../judge.js'
import { type ExecutorsOptions, startExecutors } from '../load/executors.js'
import { addCrons, startPackers } from '../load/schedules.js'
import { Sleeper } from '../load/sleeper.js'
import { startSubmitters } from '../load/submitters.js'
import { pause } from '../monkey.js'
import { randomOf } from '../random.js'
import type { Scenario, Stage } from '../scenario.js'
import { untilDrained, untilOnTime } from '../settle.js'
import { steppedClock } from '../stage/clock.js'
import { type ChaosColony, openColony } from '../stage/colony.js'
import type { ReplicaProcess } from '../stage/replica-process.js'
import { startReplicas } from '../stage/replicas.js'

const sizes = {
  ci: { crons: 20, stopMs: 5_000, execSeconds: 2, executors: 4, submitters: 2, pauseMs: 100 },
  full: { crons: 300, stopMs: 60_000, execSeconds: 20, executors: 8, submitters: 2, pauseMs: 100 },
} as const

/** Clocks are set by so much, forward and back. */
const STEP_SECONDS = 600
/** Time for the one that loses nothing: far less than clocks are set by, and more than a busy machine takes until it has written. */
const AWAKE_SECONDS = 60
const TYPE = 'sleepy'

export const pauses: Scenario = {
  name: 'pauses',
  says: 'stops the leader and an executor for a while, and sets the clocks of a replica and an executor by ten minutes',
  async run(stage, { seed, scale }) {
    const size = sizes[scale]
    const { db, config } = await stage.database()
    const serverKey = generatePrivateKey()
    const clock = await steppedClock(stage)
    const stale = { COLONIES_STALE_EXECUTOR_DURATION: String(STEP_SECONDS / 2) }
    const replicas = [
      ...(await startReplicas(stage, { database: config, serverKey, count: 2, env: stale })),
      ...(await startReplicas(stage, { database: config, serverKey, count: 1, env: { ...clock.env, ...stale } })),
    ]
    const endpoints = replicas.map(({ url }) => url)
    const history = stage.history()
    const colony = await openColony({ db, history, serverKey, endpoints })
    const executors = await startExecutors(stage, colony, { count: size.executors, endpoints })
    const submitters = await startSubmitters(stage, colony, { ...size, count: size.submitters, endpoints })
    const user = await colony.user('planner')
    await addCrons(user, colony.name, size.crons)
    const packers = await startPackers(stage, colony, { user, pauseMs: size.pauseMs })

    // One after the other, so that each gets the one that is meant for it.
    const stepped = await holdOne(stage, colony, { number: 1, endpoints, execSeconds: AWAKE_SECONDS, env: clock.env })
    const stopped = await holdOne(stage, colony, { number: 0, endpoints, execSeconds: size.execSeconds })
    await clock.set(STEP_SECONDS)
    // Its lease is the server's business: with a clock that was set it still has all its time.
    history.addLines(await stepped.write())
    const leader = await leaderOf(db, replicas)
    stage.say(`stops the leader on port ${leader.port}`)
    leader.signal('SIGSTOP')
    stopped.signal('SIGSTOP')
    const others = endpoints.filter((url) => url !== leader.url)
    const back = await startExecutors(stage, colony, { count: 1, endpoints: others, prefix: 'next', type: TYPE })
    const random = randomOf(seed)
    for (let part = 0; part < 4; part += 1) {
      // sleeps: for as long as they are stopped
      await pause(size.stopMs / 4)
      await clock.set(Math.round((random() * 2 - 1) * STEP_SECONDS))
    }
    leader.signal('SIGCONT')
    stopped.signal('SIGCONT')
    history.addLines(await stopped.write())
    await clock.set(0)

    await Promise.all([submitters.stop(), packers.stop()])
    const left = await untilDrained(db, colony.key, 60)
    const onTime = await untilOnTime(db, colony.key, 30)
    await Promise.all([executors.stop(), back.stop()])
    // Crons fire as long as anybody lives; what is judged must not move.
    await Promise.all(replicas.map((replica) => replica.stop()))
    return {
      faults: await judge(history, db, colony),
      missed: [
        ...(left > 0 ? [`${left} processes never ended`] : []),
        ...(onTime ? [] : ['crons or generators were left behind']),
        ...(await judgeSleepers(history, db, { slept: stopped, awake: stepped })),
      ],
      numbers: {
        ...(await runsOf(db)),
        acknowledged: history.submitted,
        'slowest submit ms': Math.round(slowestSubmit(history)),
      },
    }
  },
}

interface Holding extends Pick<ExecutorsOptions, 'endpoints'> {
  readonly number: number
  readonly execSeconds: number
  /** What the environment of the executor has beyond that of this process. */
  readonly env?: Readonly<Record<string, string>>
}

/** @returns a process of an executor that holds one process */
async function holdOne(
  stage: Stage,
  colony: ChaosColony,
  { number, endpoints, execSeconds, env }: Holding,
): Promise<Sleeper> {
  const user = await colony.user(`sender${number}`)
  const conditions = { colonyname: colony.name, executortype: TYPE }
  const label = `sleepy:${number}`
  await user.submit({ spec: { funcname: 'work', label, maxexectime: execSeconds, maxretries: 3, conditions } })
  const privateKey = await colony.addExecutor(`sleeper${number}`, TYPE)
  const sleeper = await Sleeper.start(stage, { colonyname: colony.name, endpoints, privateKey }, env)
  await sleeper.holds
  return sleeper
}

async function leaderOf(db: Db, replicas: readonly ReplicaProcess[]): Promise<ReplicaProcess> {
  const row = await db.one<{ port: number }>(sql`select r.port from leader_lease l join replicas r using (replica_id)`)
  const leader = replicas.find(({ port }) => port === row?.port)
  if (!leader) throw new Error('no replica leads that could be stopped')
  return leader
}

/** The one slept for longer than its lease, the other did not: each of its writes is refused, or taken. */
async function judgeSleepers(
  history: History,
  db: Db,
  { slept, awake }: Readonly<Record<'slept' | 'awake', Sleeper>>,
): Promise<string[]> {
  const writes = ['addLog', 'setOutput', 'addAttribute', 'closeSuccessful']
  const complaints = async (sleeper: Sleeper, who: string, wanted: Outcome) => {
    const id = await sleeper.holds
    const late = (detail: string | undefined) => detail === undefined || detail === '["late"]'
    const made = history.records.filter(
      ({ ids, operation, detail }) => ids[0] === id && writes.includes(operation) && late(detail),
    )
    return [
      ...(made.length === writes.length ? [] : [`${who} made ${made.length} writes, not ${writes.length}`]),
      ...made.flatMap(({ operation, outcome }) =>
        outcome === wanted ? [] : [`${operation} of ${who} was ${outcome}`],
      ),
    ]
  }
  const attempts = await db.all<{ attempt: number }>(sql`
    select attempt from results where process_id = ${await awake.holds}`)
  return [
    ...(await complaints(slept, 'the one that had slept', 'refused')),
    ...(await complaints(awake, 'the one whose clock was set', 'ok')),
    ...(attempts[0]?.attempt === 1 ? [] : ['the one whose clock was set lost its lease']),
  ]
}

async function runsOf(db: Db): Promise<Record<string, number | string>> {
  const row = await db.one<{ runs: number; late: number; epoch: bigint }>(sql`
    select count(*)::int as runs, coalesce(max(extract(epoch from submitted_at - planned_at)), 0)::float8 as late,
      (select epoch from leader_lease) as epoch
    from graphs where cron_id is not null`)
  return {
    'runs of crons': row?.runs ?? 0,
    'latest run s': row?.late.toFixed(1) ?? '',
    epochs: Number(row?.epoch ?? 0),
  }
}
