import { createExecutor, defineFunction, type Executor } from '@colonies/executor'
import { generatePrivateKey } from '@colonies/identity'
import type { Stage } from '../scenario.js'
import { rotated, type Workplace } from '../stage/colony.js'
import { type Load, untilEndOf } from './load.js'

/** Seconds after which a process that stalls on purpose is taken from its executor. */
export const STALL_SECONDS = 1

/** Work that tells who did it, and when: its output is its own id and its attempt. */
const work = defineFunction({ name: 'work' }, ({ process, attempt }) => [process.processid, attempt])

/** Its first attempt outlives its deadline; the close that comes then has to be refused. */
const stall = defineFunction({ name: 'stall' }, async ({ process, attempt, signal }) => {
  if (attempt === 1) await new Promise((resolve) => signal.addEventListener('abort', resolve))
  return [process.processid, attempt]
})

export interface ExecutorsOptions {
  readonly count: number
  readonly endpoints: readonly string[]
  /** Processes at a time, each. */
  readonly concurrency?: number
  /** More that each takes in advance. */
  readonly prefetch?: number
  /** Names are this and a number. */
  readonly prefix?: string
  /** What they ask for; `load` when left out. */
  readonly type?: string
}

export interface Executors extends Load {
  /** By which the colony knows them. */
  readonly ids: readonly string[]
}

/** Executors of our own library, in this process. */
export async function startExecutors(
  stage: Pick<Stage, 'atEnd'>,
  colony: Workplace,
  options: ExecutorsOptions,
): Promise<Executors> {
  const { count, endpoints, concurrency = 2, prefetch = 0, prefix = 'e', type = 'load' } = options
  const executors = Array.from({ length: count }, (_, number) =>
    createExecutor({
      client: colony.client(generatePrivateKey(), rotated(endpoints, number)),
      colonyname: colony.name,
      colonyPrivateKey: colony.ownerKey,
      name: `${prefix}${number}`,
      type,
      functions: [work, stall],
      concurrency,
      prefetch,
      report: () => {},
    }),
  )
  const load = untilEndOf(stage, {
    ids: executors.map(({ id }) => id),
    stop: async () => void (await Promise.all(executors.map((executor) => executor.stop({ drainMs: 1_000 })))),
  })
  await Promise.all(executors.map((executor: Executor) => executor.start()))
  return load
}
