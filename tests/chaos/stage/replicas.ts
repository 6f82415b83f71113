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

/** Starts equal servers on one database, each a process; they are stopped at the end. */
export async function startReplicas(stage: Stage, options: ReplicasOptions): Promise<ReplicaProcess[]> {
  const { database, serverKey, count, env, program } = options
  const replicas = await Promise.all(
    Array.from({ length: count }, () => ReplicaProcess.on(database, serverKey, env ?? {})),
  )
  stage.atEnd(() => Promise.all(replicas.map((replica) => replica.stop())))
  for (const replica of replicas) {
    if (program !== undefined) replica.program = program
    await replica.start()
  }
  return replicas
}

/** Kills one of those that serve, and starts it again while the others go on; the last one that serves is spared. */
export function killReplica(replicas: readonly ReplicaProcess[]): Blow {
  return {
    name: 'kill a replica',
    async strike(random) {
      const serving = replicas.filter(({ isReady }) => isReady)
      const replica = pick(random, serving)
      if (!replica || serving.length === 1) return undefined
      const at = nowMs()
      await replica.kill()
      await replica.start()
      return at
    },
  }
}
