import { EventQueue } from './event-queue.js'
import { Random } from './random.js'

/** One simulated process of the operating system: a replica, an executor, a submitter, PostgreSQL. */
export interface Node {
  readonly name: string
  isAlive: boolean
  /** Stopped by SIGSTOP until then: nothing of it runs, its timers are late. */
  pausedUntilMs: number
  /** How far its clock is off. Only `Date` shows it: monotonic clocks never jump. */
  skewMs: number
}

/** What is to happen at a node, and may still be called off. */
export interface Planned {
  cancel(): void
}

interface Entry {
  atMs: number
  node: Node
  run: () => void
  isCancelled: boolean
}

/** Unix time when each simulated world begins. */
export const beginningMs = Date.UTC(2030, 0, 1)

/** A history that breaks a promise: ends the simulation at once. */
export class Broken extends Error {
  override name = 'Broken'
}

/**
 * Time, chance, and one thing after the other. An event belongs to one node and runs until nothing is left to do for it but
 * wait; then the earliest of all that are planned comes next, and its time is the time.
 */
export class World {
  readonly random: Random
  readonly lines: string[] = []
  nowMs = 0
  events = 0
  /** Whose event runs. */
  current: Node | undefined
  /** Why the history is judged as broken. */
  broken: Error | undefined
  readonly #queue = new EventQueue<Entry>()
  readonly #isTraced: boolean

  constructor(seed: number, { trace = false } = {}) {
    this.random = new Random(seed)
    this.#isTraced = trace
  }

  node(name: string): Node {
    return { name, isAlive: true, pausedUntilMs: 0, skewMs: 0 }
  }

  /** Kill -9: what it had planned never happens, and what others tell it is not heard. */
  kill(node: Node): void {
    node.isAlive = false
    this.log(node, 'is killed')
  }

  /** Lets something happen at a node after a while, unless the node is dead by then. */
  plan(node: Node, delayMs: number, run: () => void): Planned {
    const entry: Entry = { atMs: this.nowMs + Math.max(0, delayMs), node, run, isCancelled: false }
    this.#queue.push(entry)
    return { cancel: () => void (entry.isCancelled = true) }
  }

  log(node: Node, text: string): void {
    if (this.#isTraced)
      this.lines.push(`${(this.nowMs / 1000).toFixed(3).padStart(8)} s  ${node.name.padEnd(12)} ${text}`)
  }

  /** Notes a broken promise; the first one counts. */
  fail(promise: string): void {
    this.broken ??= new Broken(promise)
  }

  /**
   * Lets everything happen until it is over, or a promise is broken.
   *
   * @param isOver asked before each event
   * @param inTurns calls what it is given again and again, each time when the microtasks of the time before are done, until
   *   that says no
   */
  run(isOver: () => boolean, inTurns: (step: () => boolean) => Promise<void>): Promise<void> {
    return inTurns(() => {
      this.current = undefined
      return this.broken === undefined && !isOver() && this.#happen()
    })
  }

  /** Lets the next thing happen. @returns false when nothing is planned */
  #happen(): boolean {
    for (let entry = this.#queue.pop(); entry; entry = this.#queue.pop()) {
      const { node, atMs } = entry
      if (entry.isCancelled || !node.isAlive) continue
      if (node.pausedUntilMs > atMs) {
        this.#queue.push({ ...entry, atMs: node.pausedUntilMs })
        continue
      }
      this.nowMs = Math.max(this.nowMs, atMs)
      this.events += 1
      this.current = node
      entry.run()
      return true
    }
    return false
  }
}
