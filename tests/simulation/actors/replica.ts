import { configFrom, createReplica, type Log, type RunningServer, startServer, type Wire } from '@colonies/server'
import type { Scenery } from '../world/stage.js'
import type { Node } from '../world/world.js'
import { keyOf } from './places.js'

/** Loops that have nothing to do here: their statements are not modelled. */
const leftOut = new Set(['partitions', 'clean-up', 'retention', 'stale-executors'])

const config = configFrom({
  COLONIES_DB_HOST: 'postgres',
  COLONIES_DB_PASSWORD: 'x',
  COLONIES_SERVER_ID: keyOf('owner'),
  COLONIES_OBJECT_STORE: 'off',
})

/** One replica, life after life: the server as it is shipped. */
export class ReplicaActor {
  readonly name: string
  node: Node
  readonly #scenery: Scenery
  readonly #loopsLeftOut: ReadonlySet<string>
  #server: RunningServer | undefined

  constructor(scenery: Scenery, name: string, without: readonly string[]) {
    this.#scenery = scenery
    this.name = name
    this.#loopsLeftOut = new Set([...leftOut, ...without])
    this.node = scenery.world.node(name)
    this.#begin()
  }

  #begin(): void {
    const { world } = this.#scenery
    const { node } = this
    world.plan(node, 0, () => {
      startServer({ ...config, store: undefined }, { log: this.#log(node), wire: this.#wire }).then(
        (server) => {
          this.#server = server
        },
        (error: unknown) => world.fail(`${this.name} does not start: ${error}`),
      )
    })
  }

  readonly #wire: Wire = (shell) => {
    const parts = createReplica(shell)
    return { ...parts, loops: parts.loops.filter(({ name }) => !this.#loopsLeftOut.has(name)) }
  }

  #log(node: Node): Log {
    const { world } = this.#scenery
    const write = (message: string, fields: object = {}) => {
      const error = 'error' in fields ? `: ${fields.error instanceof Error ? fields.error.message : fields.error}` : ''
      world.log(node, `"${message}"${error}`)
    }
    return { debug: () => {}, info: () => {}, warn: write, error: write }
  }

  kill(): void {
    const { world, network, postgres } = this.#scenery
    if (!this.node.isAlive) return
    world.kill(this.node)
    network.died(this.node)
    postgres.died(this.node)
  }

  /** As SIGTERM does. */
  stop(): void {
    const { world } = this.#scenery
    world.log(this.node, 'is told to stop')
    world.plan(this.node, 0, () => void this.#server?.stop().then(() => this.kill()))
  }

  /** A new life, unless it lives. */
  start(): void {
    if (this.node.isAlive) return
    this.node = this.#scenery.world.node(this.name)
    this.#scenery.world.log(this.node, 'starts')
    this.#begin()
  }
}
