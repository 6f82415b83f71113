import { type Client, ClientError, createClient } from '@colonies/client'
import type { Observations, Wish } from '../checks/observations.js'
import type { Random } from '../world/random.js'
import type { Scenery } from '../world/stage.js'
import type { Node } from '../world/world.js'
import { keyOf, passTime, timeoutMs } from './places.js'
import { functionSpec, workflowSpec } from './wishes.js'

interface SubmitterOptions {
  endpoints: readonly string[]
  /** When it wishes for nothing more, in milliseconds of the world. */
  untilMs: number
}

/** A user who submits, packs, looks and cancels, one thing after the other, by the client as it is shipped. */
export class SubmitterActor {
  readonly node: Node
  isDone = false
  readonly #client: Client
  readonly #scenery: Scenery
  readonly #observations: Observations
  readonly #random: Random
  readonly #ids: { processes: string[]; graphs: string[] } = { processes: [], graphs: [] }
  #made = 0

  constructor(scenery: Scenery, observations: Observations, name: string, { endpoints, untilMs }: SubmitterOptions) {
    this.#scenery = scenery
    this.#observations = observations
    this.#random = scenery.world.random.fork()
    this.node = scenery.world.node(name)
    const fetch = scenery.network.fetchOf(this.node)
    this.#client = createClient({ endpoints, privateKey: keyOf('me'), fetch, timeoutMs })
    scenery.world.plan(this.node, 0, () => void this.#live(untilMs))
  }

  async #live(untilMs: number): Promise<void> {
    const { world } = this.#scenery
    while (world.nowMs < untilMs) {
      await passTime(this.#random.delay(500, 2_000))
      await this.#observations
        .during(`a call of ${this.node.name}`, () => this.#actOnce())
        .catch((error: unknown) => {
          if (!(error instanceof ClientError)) throw error
          world.log(this.node, `${error.name}: ${error.message}`)
        })
    }
    this.isDone = true
  }

  async #actOnce(): Promise<unknown> {
    const random = this.#random
    const what = random.next()
    if (what < 0.5) return this.#submit()
    if (what < 0.65) return this.#submitWorkflow()
    if (what < 0.8) return this.#pack()
    if (what < 0.85) return this.#cancel()
    const { processes } = this.#ids
    return processes.length === 0 ? undefined : this.#client.getProcess({ processid: random.pick(processes) })
  }

  #wish(nodes: number): Wish {
    const wish = { tag: `${this.node.name}${++this.#made}.`, nodes, acknowledged: undefined }
    this.#observations.wishes.push(wish)
    return wish
  }

  async #submit(): Promise<void> {
    const wish = this.#wish(1)
    const { processid } = await this.#client.submit({ spec: functionSpec(this.#random, wish) })
    wish.acknowledged = processid
    this.#ids.processes.push(processid)
  }

  async #submitWorkflow(): Promise<void> {
    const wish = this.#wish(0)
    const spec = workflowSpec(this.#random, wish.tag)
    wish.nodes = spec.functionspecs?.length ?? 0
    const { processgraphid } = await this.#client.submitWorkflow({ spec })
    wish.acknowledged = processgraphid
    this.#ids.graphs.push(processgraphid)
  }

  async #pack(): Promise<void> {
    const arg = `${this.node.name}-arg-${++this.#made}`
    const packed = { isAcknowledged: false }
    this.#observations.packs.set(arg, packed)
    await this.#client.packGenerator({ generatorid: keyOf('generator'), arg })
    packed.isAcknowledged = true
  }

  async #cancel(): Promise<unknown> {
    const { processes, graphs } = this.#ids
    if (graphs.length > 0 && this.#random.chance(0.5))
      return this.#client.cancelProcessGraph({ processgraphid: this.#random.pick(graphs) })
    if (processes.length > 0) return this.#client.cancelProcess({ processid: this.#random.pick(processes) })
    return undefined
  }
}
