import { type Client, ClientError, createClient } from '@colonies/client'
import type { CronAuditor } from '../checks/cron-auditor.js'
import { auditWaits } from '../checks/wait-auditor.js'
import { lightLoad } from '../world/postgres.js'
import type { Random } from '../world/random.js'
import type { Scenery } from '../world/stage.js'
import type { Node } from '../world/world.js'
import type { ExecutorActor } from './executor.js'
import { colonyName, keyOf, timeoutMs } from './places.js'
import type { ReplicaActor } from './replica.js'

interface Cast {
  replicas: readonly ReplicaActor[]
  executors: readonly ExecutorActor[]
}

interface ChaosOptions {
  untilMs: number
  endpoints: readonly string[]
  crons: CronAuditor
}

/**
 * Breaks things for a while. Each seed has its own kinds of trouble, since some faults only show where another kind does not
 * cover them: with every connection broken, no late commit is ever seen.
 */
export class Chaos {
  readonly #scenery: Scenery
  readonly #cast: Cast
  readonly #random: Random
  readonly #node: Node
  readonly #owner: Client
  readonly #untilMs: number
  readonly #crons: CronAuditor

  constructor(scenery: Scenery, cast: Cast, { untilMs, endpoints, crons }: ChaosOptions) {
    this.#scenery = scenery
    this.#cast = cast
    this.#untilMs = untilMs
    this.#crons = crons
    this.#random = scenery.world.random.fork()
    this.#node = scenery.world.node('chaos')
    const fetch = scenery.network.fetchOf(this.#node)
    this.#owner = createClient({ endpoints, privateKey: keyOf('owner'), fetch, timeoutMs })
  }

  begin(): void {
    this.#changeWeather()
    for (const trouble of this.#random.some(this.#troubles, 0.45)) this.#repeat(trouble)
    this.#scenery.world.plan(this.#node, this.#untilMs, () => this.#calm())
  }

  #changeWeather(): void {
    const { network, postgres } = this.#scenery
    const random = this.#random
    const maybe = (value: number) => (random.chance(0.4) ? random.next() * value : 0)
    network.weather = {
      delayMs: [random.pick([1, 5, 50]), random.pick([5, 500, 3_000])],
      lost: random.chance(0.15) ? 0.01 : 0,
      duplicated: maybe(0.1),
      replyCut: maybe(0.1),
    }
    postgres.load = {
      commitMs: [random.pick([0.5, 3, 20]), random.pick([5, 300, 3_000])],
      brokenBefore: maybe(0.02),
      brokenAfter: maybe(0.05),
      hintLost: random.pick([0, 0.3, 1]),
    }
  }

  readonly #troubles: readonly (() => void)[] = [
    () => this.#fell(this.#random.pick(this.#cast.replicas), [500, 5_000]),
    () => this.#fell(this.#random.pick(this.#cast.executors), [500, 6_000]),
    () => this.#stopKindly(),
    () => this.#pause(this.#random.pick([...this.#cast.replicas, ...this.#cast.executors]).node),
    () => this.#cutOff(),
    () => this.#restartPostgres(),
    () => void this.#revoke(),
    () => this.#skewClock(),
  ]

  #repeat(trouble: () => void): void {
    const { world } = this.#scenery
    world.plan(this.#node, this.#random.between(1_000, 6_000), () => {
      if (world.nowMs >= this.#untilMs) return
      trouble()
      this.#repeat(trouble)
    })
  }

  #later([least, most]: readonly [number, number], what: () => void): void {
    this.#scenery.world.plan(this.#node, this.#random.between(least, most), what)
  }

  #fell(actor: ReplicaActor | ExecutorActor, downMs: readonly [number, number]): void {
    actor.kill()
    this.#later(downMs, () => actor.start())
  }

  #stopKindly(): void {
    const actor = this.#random.pick([...this.#cast.replicas, ...this.#cast.executors])
    const { node } = actor
    actor.stop()
    this.#later([2_000, 8_000], () => {
      if (actor.node === node) this.#fell(actor, [0, 100])
    })
  }

  #pause(node: Node): void {
    const { world } = this.#scenery
    const ms = this.#random.between(100, 6_000)
    world.log(node, `sleeps for ${ms} ms`)
    node.pausedUntilMs = world.nowMs + ms
  }

  #cutOff(): void {
    const { world, network } = this.#scenery
    const names = ['postgres', ...[...this.#cast.replicas, ...this.#cast.executors].map(({ name }) => name)]
    const [from, to] = [this.#random.pick(names), this.#random.pick(this.#cast.replicas).name]
    const ways = this.#random.pick([
      [[from, to]],
      [[to, from]],
      [
        [from, to],
        [to, from],
      ],
    ] as [string, string][][])
    for (const [one, other] of ways) {
      world.log(this.#node, `cuts the line from ${one} to ${other}`)
      network.cut(one, other)
      this.#later([500, 10_000], () => network.cut(one, other, false))
    }
  }

  #restartPostgres(): void {
    const { postgres } = this.#scenery
    postgres.crash()
    this.#later([100, 6_000], () => postgres.recover())
  }

  async #revoke(): Promise<void> {
    const executor = { colonyname: colonyName, executorname: this.#random.pick(this.#cast.executors).name }
    this.#scenery.world.log(this.#node, `rejects ${executor.executorname}`)
    await this.#owner.rejectExecutor(executor).catch(ignoreClientError)
    this.#later([500, 8_000], () => void this.#owner.approveExecutor(executor).catch(ignoreClientError))
  }

  #skewClock(): void {
    const { node } = this.#random.pick([...this.#cast.replicas, ...this.#cast.executors])
    node.skewMs = this.#random.between(-600_000, 600_000)
  }

  /** All is well from here on: what was wished for has to come about. */
  #calm(): void {
    const { world, network, postgres } = this.#scenery
    world.log(this.#node, 'ends')
    network.heal()
    // Hints stay as unreliable as they were: nothing may depend on them.
    postgres.load = { ...lightLoad, hintLost: postgres.load.hintLost }
    postgres.recover()
    const colony = postgres.model.tables.of(1)
    this.#stopCrons()
    for (const { name } of this.#cast.executors) this.#approve(name)
    auditWaits(this.#scenery, colony)
    for (const actor of [...this.#cast.replicas, ...this.#cast.executors]) actor.start()
  }

  /** Again and again, until they have made up for what they missed. Not each second: one that runs each second might be due every time. */
  #stopCrons(): void {
    this.#crons.stopThoseOnTime(this.#scenery.postgres.model.now)
    this.#later([500, 1_500], () => this.#stopCrons())
  }

  /** Again and again: a rejection that was given up may still arrive. */
  #approve(executorname: string): void {
    this.#owner.approveExecutor({ colonyname: colonyName, executorname }).catch(ignoreClientError)
    this.#later([3_000, 5_000], () => this.#approve(executorname))
  }
}

function ignoreClientError(error: unknown): void {
  if (!(error instanceof ClientError)) throw error
}
