import { type Client, join, workflow } from '@colonies/client'
import { createExecutor, defineFunction, type Executor } from '@colonies/executor'

/** Seconds after which a process that stalls on purpose is taken from its executor. */
const STALL_SECONDS = 1

/** Work that tells who did it: the output of a process is its own id. */
const work = defineFunction({ name: 'work' }, ({ process }) => [process.processid])

/** Its first attempt outlives its deadline; the close that comes then has to be refused. */
const stall = defineFunction({ name: 'stall' }, async ({ process, attempt, signal }) => {
  if (attempt === 1) await new Promise((resolve) => signal.addEventListener('abort', resolve))
  return [process.processid]
})

export interface LoadColony {
  colonyname: string
  colonyPrivateKey: string
  clientOf(privateKey: string): Client
}

export function loadExecutors(
  { colonyname, colonyPrivateKey, clientOf }: LoadColony,
  keys: readonly string[],
): Executor[] {
  return keys.map((privateKey, index) =>
    createExecutor({
      client: clientOf(privateKey),
      colonyname,
      colonyPrivateKey,
      name: `e${index}`,
      type: 'load',
      functions: [work, stall],
      concurrency: 2,
      report: () => {},
    }),
  )
}

const spec = (funcname: string, executornames: string[] | null = null) => ({
  funcname,
  maxexectime: funcname === 'stall' ? STALL_SECONDS : 10,
  maxretries: 100,
  conditions: { executortype: 'load', executornames },
})

/** Submits until told to stop: single processes, batches, processes for one executor by name, diamonds. */
export class Submitter {
  readonly acknowledged: string[] = []
  readonly #client: Client
  readonly #colonyname: string
  #stopped = false

  constructor(client: Client, colonyname: string) {
    this.#client = client
    this.#colonyname = colonyname
  }

  stop(): void {
    this.#stopped = true
  }

  async run(): Promise<void> {
    for (let turn = 0; !this.#stopped; turn += 1) {
      this.acknowledged.push(...(await this.#submit(turn)))
      // sleeps: the load goes on for the whole test, and leaves the machine some room
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async #submit(turn: number): Promise<string[]> {
    const colonyname = this.#colonyname
    const inColony = (wish: ReturnType<typeof spec>) => ({ ...wish, conditions: { ...wish.conditions, colonyname } })
    if (turn % 10 === 3) {
      const outcomes = await this.#client.submitMany(
        colonyname,
        Array.from({ length: 5 }, () => spec('work')),
      )
      return outcomes.flatMap(({ processid, error }) => (error || !processid ? [] : [processid]))
    }
    if (turn % 10 === 6) {
      const wf = workflow(colonyname)
      const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => wf.node(name, spec('work')))
      if (!a || !b || !c || !d) throw new Error('a diamond has four nodes')
      a.then(b, c)
      join([b, c], d)
      return (await this.#client.submitWorkflow({ spec: wf.spec() })).processids ?? []
    }
    const wish = turn % 20 === 9 ? spec('stall') : turn % 10 === 1 ? spec('work', ['e0', 'e1']) : spec('work')
    return [(await this.#client.submit({ spec: inColony(wish) })).processid]
  }
}
