import type { Database, Listener } from '@colonies/database'
import { type Attempt, databaseOf, ModelDatabase, type Run } from '../model/model-database.js'
import type { Network } from './network.js'
import { beginningMs, type Node, type World } from './world.js'

/** What PostgreSQL and its connections do to statements. */
export interface Load {
  /** From start to commit, in milliseconds: mostly up to the first, sometimes up to the second. */
  commitMs: readonly [number, number]
  /** Probability that a connection breaks before a statement ran. */
  brokenBefore: number
  /** After the commit, before the answer: its outcome is unknown. */
  brokenAfter: number
  hintLost: number
}

export const lightLoad: Load = { commitMs: [1, 1], brokenBefore: 0, brokenAfter: 0, hintLost: 0 }

/** After which nobody waits for an answer over a cut line any more. */
export const silenceMs = 3_000

/** Who looks at each statement. */
export interface Auditor {
  beforeCommit(run: Run): void
  afterCommit(run: Run, answer: unknown, from: string): void
}

/** A statement that was sent and not answered. */
interface Sent {
  run: Run
  from: Node
  attempt: Attempt | undefined
  isEnded: boolean
  resolve(answer: unknown): void
  reject(error: Error): void
}

interface Ear {
  node: Node
  onMessage(payload: string): void
}

/** The model database behind a network: statements take time, run beside each other, and their answers may get lost. */
export class SimulatedPostgres {
  load: Load = lightLoad
  readonly node: Node
  readonly model: ModelDatabase
  isUp = true
  readonly #world: World
  readonly #network: Network
  readonly #auditor: Auditor
  readonly #sent = new Set<Sent>()
  #waiting: Sent[] = []
  readonly #ears = new Set<Ear>()

  constructor(world: World, network: Network, auditor: (model: ModelDatabase) => Auditor) {
    this.#world = world
    this.#network = network
    this.node = world.node('postgres')
    this.model = new ModelDatabase(() => (beginningMs + world.nowMs) * 1000)
    this.#auditor = auditor(this.model)
  }

  connect(from: Node): Database {
    return databaseOf({
      execute: (run) => this.#execute(from, run),
      unknown: (text) => this.#world.fail(`A statement is not modelled, sent by ${from.name}: ${text}`),
    })
  }

  #execute(from: Node, run: Run): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const sent: Sent = { run, from, attempt: undefined, isEnded: false, resolve, reject }
      this.#sent.add(sent)
      const { random } = this.#world
      if (random.chance(this.load.brokenBefore)) return this.#fail(sent, 'broken before it ran')
      if (this.#network.isCut(from.name, 'postgres')) return this.#fail(sent, 'sent into a cut line')
      this.#world.plan(this.node, random.next() * 0.3, () => this.#start(sent))
    })
  }

  #start(sent: Sent): void {
    if (sent.isEnded) return
    if (!this.isUp) return this.#fail(sent, 'refused: PostgreSQL is down')
    sent.attempt ??= this.model.begin(sent.run)
    if (!sent.attempt.start()) {
      this.#world.log(sent.from, `waits in ${sent.run.name} for a lock`)
      this.#waiting.push(sent)
      return
    }
    const [short, long] = this.load.commitMs
    this.#world.plan(this.node, this.#world.random.delay(short, long), () => this.#commit(sent))
  }

  #commit(sent: Sent): void {
    const { run, from, attempt, isEnded } = sent
    if (isEnded || !attempt) return
    let answer: unknown
    try {
      this.#auditor.beforeCommit(run)
      answer = attempt.commit()
      this.#auditor.afterCommit(run, answer, from.name)
    } catch (error) {
      answer = error
    }
    this.#wakeWaiting()
    if (this.#world.random.chance(this.load.brokenAfter)) return this.#fail(sent, 'committed, and its answer lost')
    if (this.#network.isCut('postgres', from.name)) return this.#fail(sent, 'answered into a cut line')
    this.#end(sent, () => (answer instanceof Error ? sent.reject(answer) : sent.resolve(answer)))
  }

  /** Whoever waited for rows tries again, in the order in which they came. */
  #wakeWaiting(): void {
    for (const sent of this.#waiting.splice(0)) this.#start(sent)
  }

  #fail(sent: Sent, how: string): void {
    this.#world.log(sent.from, `${sent.run.name} is ${how}`)
    const delayMs = this.#network.isCut(sent.from.name, 'postgres') ? silenceMs : 0.5
    this.#end(sent, () => sent.reject(new Error('Connection terminated unexpectedly')), delayMs)
  }

  #end(sent: Sent, tell: () => void, delayMs = this.#world.random.next() * 0.3): void {
    sent.isEnded = true
    this.#sent.delete(sent)
    this.#world.plan(sent.from, delayMs, tell)
  }

  /** A replica died. What it had sent runs to its end or not; nobody hears the answer. */
  died(node: Node): void {
    for (const ear of this.#ears) if (ear.node === node) this.#ears.delete(ear)
    for (const sent of this.#sent) if (sent.from === node && this.#world.random.chance(0.5)) this.#undo(sent)
    this.#wakeWaiting()
  }

  #undo(sent: Sent): void {
    sent.isEnded = true
    sent.attempt?.rollback()
    this.#waiting = this.#waiting.filter((other) => other !== sent)
    this.#sent.delete(sent)
  }

  /** Kill -9 of the postmaster: what was not committed never was, and all connections break. */
  crash(): void {
    this.isUp = false
    this.#world.log(this.node, 'crashes')
    for (const sent of [...this.#sent]) {
      this.#undo(sent)
      this.#fail(sent, 'undone by the crash')
    }
    const deaf = [...this.#ears]
    this.#ears.clear()
    for (const ear of deaf) this.#world.plan(ear.node, 1_000, () => this.#hear(ear))
  }

  recover(): void {
    this.isUp = true
    this.#world.log(this.node, 'is up again')
  }

  listen(node: Node, { onMessage, onListening }: { onMessage(payload: string): void; onListening(): void }): Listener {
    const ear: Ear = { node, onMessage }
    this.#world.plan(node, 1, () => {
      this.#hear(ear)
      onListening()
    })
    return { close: async () => void this.#ears.delete(ear) }
  }

  #hear(ear: Ear): void {
    if (this.isUp && ear.node.isAlive) this.#ears.add(ear)
    else this.#world.plan(ear.node, 1_000, () => this.#hear(ear))
  }

  notify(from: Node, payload: string): void {
    if (!this.isUp) return
    for (const { node, onMessage } of this.#ears) {
      const isCut = this.#network.isCut(from.name, 'postgres') || this.#network.isCut('postgres', node.name)
      if (isCut || this.#world.random.chance(this.load.hintLost)) continue
      this.#world.plan(node, 0.5 + this.#world.random.next(), () => onMessage(payload))
    }
  }
}
