import { Chaos } from './actors/chaos.js'
import { ExecutorActor } from './actors/executor.js'
import { colonyName, keyOf } from './actors/places.js'
import { ReplicaActor } from './actors/replica.js'
import { addSchedules } from './actors/schedules.js'
import { SubmitterActor } from './actors/submitter.js'
import { executorTypes } from './actors/wishes.js'
import { CommitAuditor, shown } from './checks/auditor.js'
import { CronAuditor } from './checks/cron-auditor.js'
import { judge } from './checks/judge.js'
import { Observations } from './checks/observations.js'
import type { PlantedFault } from './faults.js'
import { forgetStockOfIds, inTurns } from './world/globals.js'
import { Network } from './world/network.js'
import { SimulatedPostgres } from './world/postgres.js'
import { type Scenery, stage } from './world/stage.js'
import { World } from './world/world.js'

/** How long things are broken, in milliseconds of the world, and how long all that is left may take afterwards. */
const chaosMs = 6_000
const calmMsMax = 180_000

export interface Verdict {
  seed: number
  /** Broken promises; none in a good history. */
  faults: string[]
  /** Events of the world. */
  events: number
  processes: number
  /** How long it took in the world, in milliseconds. */
  endedMs: number
  /** What happened, when it was asked for. */
  lines: string[]
}

export interface SimulateOptions {
  trace?: boolean
  fault?: PlantedFault | undefined
}

/** Lets one history happen. The same seed gives the same history, event by event. */
export async function simulate(seed: number, { trace = false, fault }: SimulateOptions = {}): Promise<Verdict> {
  const world = new World(seed, { trace })
  const network = new Network(world)
  const postgres = new SimulatedPostgres(world, network, (model) => new CommitAuditor(world, model))
  const scenery: Scenery = { world, network, postgres }
  stage.scenery = scenery
  const remove = fault?.plant()
  const unhandled = (error: unknown) => world.fail(`Something was thrown and not caught: ${(error as Error).stack}`)
  process.on('unhandledRejection', unhandled)
  try {
    forgetStockOfIds()
    const observations = new Observations()
    const play = setUp(scenery, observations, fault)
    await world.run(() => world.nowMs > chaosMs && play.isOver(), inTurns)
    const { colony } = play
    const faults = world.broken ? [world.broken.message] : [...judge(colony, observations), ...play.unfinished()]
    return {
      seed,
      faults,
      events: world.events,
      processes: colony.specs.size,
      endedMs: world.nowMs,
      lines: world.lines,
    }
  } finally {
    process.off('unhandledRejection', unhandled)
    remove?.()
    stage.scenery = undefined
  }
}

function setUp(scenery: Scenery, observations: Observations, fault: PlantedFault | undefined) {
  const { world, postgres } = scenery
  const { random } = world
  const { tables } = postgres.model
  const colony = tables.add(1, colonyName, keyOf('owner'))
  tables.serverOwner = keyOf('owner')
  colony.users.set(keyOf('me'), 'me')
  addSchedules(colony, random)
  const crons = new CronAuditor(colony)

  const names = ['north', 'south', 'west'].slice(0, random.between(1, 3))
  const replicas = names.map((name) => new ReplicaActor(scenery, name, fault?.withoutLoops ?? []))
  const endpoints = names.map((name) => `http://${name}`)
  const executors = ['ada', 'bob', 'eve', 'kay'].slice(0, random.between(2, 4)).map((name, at) => {
    const type = executorTypes[at % executorTypes.length] ?? 'cpu'
    addExecutor(colony, name, type)
    return new ExecutorActor(scenery, observations, { name, type, endpoints, concurrency: random.between(1, 3) })
  })
  const submitters = ['user1', 'user2'].map(
    (name) => new SubmitterActor(scenery, observations, name, { endpoints, untilMs: chaosMs }),
  )
  new Chaos(scenery, { replicas, executors }, { untilMs: chaosMs, endpoints, crons }).begin()
  const isQuiet = () =>
    colony.live.size === 0 && crons.areStopped && submitters.every(({ isDone }) => isDone) && queued(colony) === 0
  return {
    colony,
    isOver: () => isQuiet() || world.nowMs > chaosMs + calmMsMax,
    /** 6, 11: what should have come about, and did not. */
    unfinished: () => [
      ...crons.faults(),
      ...[...colony.live.values()].map(
        ({ processId, state, holder, openParents }) =>
          `(11) ${shown(processId)} still ${state === 0 ? 'waits' : 'runs'} after ${calmMsMax / 1000} calm seconds ` +
          `(holder ${holder && shown(holder)}, ${openParents} open parents)`,
      ),
      ...[...observations.open.values()].map((what) => `(11) ${what} is still not answered`),
      ...(queued(colony) > 0 ? [`(7) ${queued(colony)} arguments still wait for a graph`] : []),
    ],
  }
}

function addExecutor(colony: ReturnType<typeof setUp>['colony'], name: string, executor_type: string): void {
  const times = { leased: false, heartbeatAt: null, lastHeardAt: null }
  const texts = { location: '', require_func_reg: false, capabilities: '{}', allocations: '{}' }
  const ids = { name, executor_id: keyOf(name), executor_type, blueprint_id: '', blueprint_gen: 0n }
  colony.executors.set(keyOf(name), { ...ids, ...texts, ...times, state: 1 })
}

const queued = (colony: ReturnType<typeof setUp>['colony']) =>
  [...colony.generators.values()].reduce((sum, { args }) => sum + args.length, 0)
