import { type Client, ClientError, type CloseItem, createClient } from '@colonies/client'
import { type Context, createExecutor, defineFunction, type Executor, FailProcess } from '@colonies/executor'
import type { Observations } from '../checks/observations.js'
import type { Random } from '../world/random.js'
import type { Scenery } from '../world/stage.js'
import type { Node } from '../world/world.js'
import { colonyName, keyOf, passTime, timeoutMs } from './places.js'
import { functionSpec } from './wishes.js'

interface ExecutorOptions {
  name: string
  type: string
  endpoints: readonly string[]
  concurrency: number
}

/**
 * Less than the runtime's own, so that the loss of a request or its answer does not make a history long; more than the
 * patience of the wait auditor, since a new request finds what the one before was not woken for.
 */
const pollSecondsMax = 12

/** One executor, life after life: the runtime as authors of executors use it. */
export class ExecutorActor {
  readonly name: string
  node: Node
  readonly #scenery: Scenery
  readonly #observations: Observations
  readonly #options: ExecutorOptions
  readonly #random: Random
  #lives = 0
  #executor: Executor | undefined

  constructor(scenery: Scenery, observations: Observations, options: ExecutorOptions) {
    this.#scenery = scenery
    this.#observations = observations
    this.#options = options
    this.#random = scenery.world.random.fork()
    this.name = options.name
    this.node = scenery.world.node(options.name)
    this.#begin()
  }

  #begin(): void {
    const { world, network } = this.#scenery
    const { name, type, endpoints, concurrency } = this.#options
    const { node } = this
    const life = `${name}#${++this.#lives}`
    world.plan(node, 0, () => {
      const plain = createClient({ endpoints, privateKey: keyOf(name), fetch: network.fetchOf(node), timeoutMs })
      const executor = createExecutor({
        client: this.#observed(plain),
        colonyname: colonyName,
        name,
        type,
        concurrency,
        prefetch: concurrency === 3 ? 2 : 0,
        functions: [defineFunction({ name: 'work' }, (context: Context) => this.#work(context, life))],
        report: (line) => world.log(node, line),
      })
      this.#executor = executor
      executor.start().catch((error: unknown) => world.fail(`${life} does not start: ${error}`))
    })
  }

  /** A client whose successful closes are noted: they must hold. It asks for processes again after few seconds. */
  #observed(client: Client): Client {
    const { closes } = this.#observations
    const note = ({ processid: processId, attempt = 0, out = [], failed = false }: CloseItem) =>
      closes.push({ processId, attempt, ...(failed ? failure : { state: 2, output: JSON.stringify(out) }) })
    return {
      ...client,
      waitForProcess: (input, options) => client.waitForProcess(soon(input), options),
      waitForProcesses: (input, options) => client.waitForProcesses(soon(input), options),
      closeSuccessful: async (input, options) => {
        const answer = await client.closeSuccessful(input, options)
        note(input)
        return answer
      },
      closeFailed: async (input, options) => {
        const answer = await client.closeFailed(input, options)
        note({ ...input, failed: true })
        return answer
      },
      closeMany: async (colonyname, items, options) => {
        const outcomes = await client.closeMany(colonyname, items, options)
        for (const [place, item] of items.entries()) if (!outcomes[place]?.error) note(item)
        return outcomes
      },
    }
  }

  async #work(context: Context, executor: string) {
    const { process, attempt, input, args } = context
    const { processid: processId } = process
    this.#observations.starts.push({ processId, attempt, executor, input: JSON.stringify(input) })
    const random = this.#random
    await passTime(random.delay(800, 8_000))
    const tag = String(args[0])
    if (process.processgraphid !== '' && tag.length < 12 && random.chance(0.15)) await this.#grow(context, tag)
    if (random.chance(0.1)) await context.setOutput(['early']).catch(ignoreRefusal)
    await passTime(random.delay(300, 3_000))
    if (random.chance(0.08)) throw new FailProcess('It was not to be')
    return `${tag}/${attempt}`
  }

  /** Adds a node to the workflow that this process is part of. */
  async #grow(context: Context, tag: string): Promise<void> {
    const [random, spec] = [
      this.#random,
      functionSpec(this.#random, { tag: `${tag}+`, nodename: `${tag}+${context.attempt}` }),
    ]
    const [next] = context.process.children
    const before = next !== undefined && random.chance(0.5) ? { childprocessid: next } : { insert: random.chance(0.5) }
    await context.addChild(spec, before).catch(ignoreRefusal)
  }

  kill(): void {
    if (!this.node.isAlive) return
    this.#scenery.world.kill(this.node)
    this.#scenery.network.died(this.node)
  }

  /** As SIGTERM does. */
  stop(): void {
    const { world } = this.#scenery
    world.plan(this.node, 0, () => void this.#executor?.stop({ drainMs: 2_000 }).then(() => this.kill()))
  }

  start(): void {
    if (this.node.isAlive) return
    this.node = this.#scenery.world.node(this.name)
    this.#scenery.world.log(this.node, 'starts')
    this.#begin()
  }
}

const failure = { state: 3, output: undefined } as const

const soon = <Wait extends { timeout: number }>(input: Wait): Wait => {
  return { ...input, timeout: Math.min(input.timeout, pollSecondsMax) }
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof Error) || (!(error instanceof ClientError) && error.name !== 'LostProcess')) throw error
}
