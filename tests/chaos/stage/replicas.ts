import type { DatabaseConfig } from '@colonies/database'
import { nowMs } from '../clock.js'
import type { Blow } from '../monkey.js'
import { pick } from '../random.js'
import type { Stage } from '../scenario.js'
import { ReplicaProcess } from './replica-process.js'

export interface ReplicasOptions {
  readonly database: DatabaseConfig
  readonly serverKey: string
  readonly count: number
  readonly env?: Readonly<Record<string, string>>
  /** The `colonies` command; of these sources when left out. */
  readonly program?: string
}

/**
 * Starts equal servers on one database, each a process. They are stopped at the end of the stage, which complains about each that had
 * ended by itself, also where it was started again.
 */
export async function startReplicas(stage: Stage, options: ReplicasOptions): Promise<ReplicaProcess[]> {
  const { database, serverKey, count, env, program } = options
  const replicas = await Promise.all(
    Array.from({ length: count }, () => ReplicaProcess.on(database, serverKey, env ?? {})),
  )
  stage.atEnd(async () => {
    await Promise.all(replicas.map((replica) => replica.retire()))
    const deaths = replicas.flatMap((replica) => replica.deaths)
    if (deaths.length > 0) throw new Error(deaths.join('\n'))
  })
  for (const replica of replicas) if (program !== undefined) replica.program = program
  const [first, ...others] = replicas
  // It brings the tables up to date for all.
  await first?.start()
  await Promise.all(others.map((replica) => replica.start()))
  return replicas
}

export interface ReplicaKiller extends Blow {
  /** How long replicas took to start again, in milliseconds. */
  readonly startsMs: readonly number[]
  /** @returns when all that were killed serve again */
  settled(): Promise<unknown>
}

/**
 * Kills one replica, and starts it again while other blows go on. None is killed while another one starts: on the one machine of
 * a test that takes from those that serve what a machine of its own would not.
 */
export function killReplica(replicas: readonly ReplicaProcess[]): ReplicaKiller {
  const starts: Promise<void>[] = []
  const startsMs: number[] = []
  const start = async (replica: ReplicaProcess) => {
    const begun = nowMs()
    await replica.start()
    startsMs.push(nowMs() - begun)
  }
  return {
    name: 'kill a replica',
    startsMs,
    settled: () => Promise.all(starts),
    async strike(random) {
      const replica = pick(random, replicas)
      if (!replica || replicas.some(({ isReady }) => !isReady)) return undefined
      const at = nowMs()
      await replica.kill()
      const starting = start(replica)
      starting.catch(() => {}) // whoever waits for all of them hears of it
      starts.push(starting)
      return at
    },
  }
}
