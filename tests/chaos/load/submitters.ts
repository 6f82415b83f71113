import type { Client } from '@colonies/client'
import { nowMs } from '../clock.js'
import { pause } from '../monkey.js'
import type { Stage } from '../scenario.js'
import { type ChaosColony, rotated } from '../stage/colony.js'
import { STALL_SECONDS } from './executors.js'
import { type Load, untilEndOf } from './load.js'
import { diamond, workSpec } from './work-specs.js'

export interface SubmittersOptions {
  readonly count: number
  readonly endpoints: readonly string[]
  /** Between two requests of one submitter; 20 when left out. */
  readonly pauseMs?: number
  /** Processes of all of them together, instead of as many as are acknowledged; their kinds are counted in. */
  readonly ratePerSecond?: number
  /** Names are this and a number; unique in a colony. */
  readonly prefix?: string
  /** Of each batch; 5 when left out. */
  readonly batchSize?: number
  /** Submitters wait while so many acknowledged processes have not been closed; 2000 when left out. */
  readonly aheadMax?: number
  /** Executor type of every twentieth turn's process; that of all others when left out. */
  readonly otherType?: string
}

/**
 * Users that submit single processes, batches, processes for one executor by name, diamonds, and now and then one whose
 * executor will be late. Each process has a label of its own.
 */
export async function startSubmitters(stage: Stage, colony: ChaosColony, options: SubmittersOptions): Promise<Load> {
  const submitters = await Promise.all(
    Array.from({ length: options.count }, async (_, number) => {
      const name = `${options.prefix ?? 's'}${number}`
      return new Submitter(colony, await colony.user(name, rotated(options.endpoints, number)), name, options)
    }),
  )
  const running = Promise.all(submitters.map((submitter) => submitter.run()))
  return untilEndOf(stage, {
    async stop() {
      for (const submitter of submitters) submitter.stop()
      await running
    },
  })
}

const BATCH_SIZE = 5

type Kind = 'work' | 'stall'

class Submitter {
  readonly #colony: ChaosColony
  readonly #client: Client
  readonly #name: string
  readonly #options: SubmittersOptions
  #made = 0
  #stopped = false

  constructor(colony: ChaosColony, client: Client, name: string, options: SubmittersOptions) {
    this.#colony = colony
    this.#client = client
    this.#name = name
    this.#options = options
  }

  stop(): void {
    this.#stopped = true
  }

  async run(): Promise<void> {
    const { pauseMs = 20, aheadMax = 2_000, ratePerSecond, count } = this.#options
    const everyMs = ratePerSecond === undefined ? 0 : (1_000 * this.#perTurn * count) / ratePerSecond
    const begun = nowMs()
    for (let turn = 0; !this.#stopped; turn += 1) {
      const { submitted, closed } = this.#colony.history
      // A call that fails for good is in the history, and judged; the load goes on.
      if (submitted - closed < aheadMax) await this.#submit(turn).catch(() => {})
      // sleeps: the load leaves the machine some room
      await pause(everyMs > 0 ? Math.max(0, begun + (turn + 1) * everyMs - nowMs()) : pauseMs)
    }
  }

  /** Processes of one turn, on the average: of ten, one is a batch, one a diamond, the others are single ones. */
  get #perTurn(): number {
    return (8 + (this.#options.batchSize ?? BATCH_SIZE) + 4) / 10
  }

  #spec(funcname: Kind, executornames: string[] | null = null) {
    const spec = workSpec(this.#colony.name, `${this.#name}:${this.#made++}`, executornames)
    return funcname === 'stall' ? { ...spec, funcname, maxexectime: STALL_SECONDS } : spec
  }

  async #submit(turn: number): Promise<unknown> {
    const { batchSize = BATCH_SIZE, otherType } = this.#options
    if (turn % 10 === 3) {
      const specs = Array.from({ length: batchSize }, () => this.#spec('work'))
      return this.#client.submitMany(this.#colony.name, specs)
    }
    if (turn % 10 === 6) return this.#submitDiamond()
    const spec = this.#spec(turn % 20 === 9 ? 'stall' : 'work', turn % 10 === 1 ? ['e0', 'e1'] : null)
    if (turn % 20 === 5 && otherType) spec.conditions.executortype = otherType
    return this.#client.submit({ spec })
  }

  #submitDiamond(): Promise<unknown> {
    return this.#client.submitWorkflow({ spec: diamond(this.#colony.name, () => this.#spec('work')) })
  }
}
