import { type Client, join, type Workflow, workflow } from '@colonies/client'
import { createExecutor, defineFunction, type Executor } from '@colonies/executor'

/** The workflow of the paper: numbers from the edge, squared in the cloud, summed in a browser. */
export function paperWorkflow(colonyname: string): Workflow {
  const wf = workflow(colonyname)
  const on = (funcname: string, executortype: string, args: number[] = []) => ({
    funcname,
    args,
    priority: 1,
    maxexectime: 200,
    maxretries: 5,
    conditions: { executortype },
  })
  const genNums = wf.node('gen_nums', on('gen_nums', 'edge'))
  const square1 = wf.node('square1', on('square', 'cloud', [0]))
  const square2 = wf.node('square2', on('square', 'cloud', [1]))
  const sum = wf.node('sum', on('sum', 'browser'))
  genNums.then(square1, square2)
  join([square1, square2], sum)
  return wf
}

export interface PaperExecutors {
  /** Resolves when both squares run: step 2 of the paper's timeline. */
  bothSquaring: Promise<void>
  /** Lets the squares go on. */
  goOn(): void
  all: Executor[]
}

export interface PaperColony {
  colonyname: string
  colonyPrivateKey: string
  /** A client of the server, for executors that sign as themselves. */
  clientOf(privateKey: string): Client
}

/** E1 on the edge, E2 and E3 in the cloud. The squares wait until they are told to go on, so that one can look. */
export function paperExecutors(
  { colonyname, colonyPrivateKey, clientOf }: PaperColony,
  keys: readonly string[],
): PaperExecutors {
  let squaring = 0
  let reached = () => {}
  let goOn = () => {}
  const bothSquaring = new Promise<void>((resolve) => (reached = resolve))
  const released = new Promise<void>((resolve) => (goOn = resolve))
  const genNums = defineFunction({ name: 'gen_nums', description: 'Makes two numbers.' }, () => [2, 3])
  const square = defineFunction(
    {
      name: 'square',
      description: 'Squares one of the numbers that its parent gave.',
      args: [{ name: 'which', type: 'number' }],
    },
    async ({ input }, which) => {
      squaring += 1
      if (squaring === 2) reached()
      await released
      return [Number(input[Number(which)]) ** 2]
    },
  )
  const make = (name: string, type: string, index: number) =>
    createExecutor({
      client: clientOf(keys[index] ?? ''),
      colonyname,
      colonyPrivateKey,
      name,
      type,
      functions: [type === 'edge' ? genNums : square],
      report: () => {},
    })
  return {
    bothSquaring,
    goOn: () => goOn(),
    all: [make('E1', 'edge', 0), make('E2', 'cloud', 1), make('E3', 'cloud', 2)],
  }
}
