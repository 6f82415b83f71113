/** Numbers from 0 to 1, the same for the same seed, with which one model is always the same. */
export type Random = () => number

export function randomOf(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Time until the next of events that come at random, so many in a millisecond. */
export function gapOf(random: Random, eachMs: number): number {
  return -Math.log(1 - random()) / eachMs
}

interface Happening {
  atMs: number
  /** Of two at the same time the one comes first that was planned first. */
  order: number
  act: () => void
}

const isBefore = (one: Happening, other: Happening) =>
  one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)

/** What will happen, in the order of its time. */
export class Clock {
  /** A heap: each is before those at twice its place plus one and plus two. */
  readonly #heap: Happening[] = []
  #order = 0
  nowMs = 0

  at(atMs: number, act: () => void): void {
    const heap = this.#heap
    const one = { atMs, order: this.#order++, act }
    let place = heap.length
    while (place > 0) {
      const above = (place - 1) >> 1
      const other = heap[above] as Happening
      if (!isBefore(one, other)) break
      heap[place] = other
      place = above
    }
    heap[place] = one
  }

  after(ms: number, act: () => void): void {
    this.at(this.nowMs + ms, act)
  }

  /** Lets all happen that happens before. */
  runUntil(endMs: number): void {
    for (let next = this.#heap[0]; next && next.atMs <= endMs; next = this.#heap[0]) {
      this.#removeFirst()
      this.nowMs = next.atMs
      next.act()
    }
    this.nowMs = endMs
  }

  #removeFirst(): void {
    const heap = this.#heap
    const one = heap.pop() as Happening
    if (heap.length === 0) return
    let place = 0
    for (;;) {
      let below = 2 * place + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Happening, heap[below] as Happening)) below++
      const other = heap[below] as Happening
      if (!isBefore(other, one)) break
      heap[place] = other
      place = below
    }
    heap[place] = one
  }
}

interface Job {
  /** On the clock of the cores, which runs as fast as each job does. */
  endsAt: number
  done: () => void
}

/** Cores that all who have something to do share evenly, each of them one core at most. */
export class Cores {
  readonly #clock: Clock
  readonly #count: number
  /** In the order of their ends. */
  readonly #jobs: Job[] = []
  #virtualMs = 0
  #updatedMs = 0
  #plan = 0
  /** Milliseconds of all cores that were used. */
  busyMs = 0

  constructor(clock: Clock, count: number) {
    this.#clock = clock
    this.#count = count
  }

  work(ms: number, done: () => void): void {
    this.#goOn()
    const job = { endsAt: this.#virtualMs + ms, done }
    let place = this.#jobs.length
    while (place > 0 && (this.#jobs[place - 1] as Job).endsAt > job.endsAt) place--
    this.#jobs.splice(place, 0, job)
    this.#planNext()
  }

  get #speed(): number {
    return Math.min(1, this.#count / this.#jobs.length)
  }

  #goOn(): void {
    const passed = this.#clock.nowMs - this.#updatedMs
    this.#updatedMs = this.#clock.nowMs
    if (this.#jobs.length === 0) return
    this.#virtualMs += passed * this.#speed
    this.busyMs += passed * this.#speed * this.#jobs.length
  }

  #planNext(): void {
    const [first] = this.#jobs
    if (!first) return
    const plan = ++this.#plan
    this.#clock.after(Math.max(0, first.endsAt - this.#virtualMs) / this.#speed, () => {
      if (plan !== this.#plan) return
      this.#goOn()
      this.#virtualMs = first.endsAt
      this.#jobs.shift()
      this.#planNext()
      first.done()
    })
  }
}

/** Does one thing after the other. */
export class Thread {
  readonly #cores: Cores
  readonly #tasks: { ms: number; done: () => void }[] = []
  #first = 0
  #isBusy = false
  /** Milliseconds for which it had something to do, also while it had to wait for a core. */
  workMs = 0

  constructor(cores: Cores) {
    this.#cores = cores
  }

  run(ms: number, done: () => void): void {
    this.#tasks.push({ ms, done })
    if (!this.#isBusy) this.#next()
  }

  #next(): void {
    const task = this.#tasks[this.#first++]
    if (!task) {
      this.#tasks.length = 0
      this.#first = 0
      this.#isBusy = false
      return
    }
    if (this.#first === 1_000) {
      this.#tasks.splice(0, this.#first)
      this.#first = 0
    }
    this.#isBusy = true
    this.workMs += task.ms
    this.#cores.work(task.ms, () => {
      task.done()
      this.#next()
    })
  }
}

/** The log of PostgreSQL: whoever commits while it is being written to disk is in the next writing. */
export class Log {
  readonly #clock: Clock
  readonly #ms: number
  #waiting: (() => void)[] = []
  #isWriting = false

  constructor(clock: Clock, ms: number) {
    this.#clock = clock
    this.#ms = ms
  }

  commit(done: () => void): void {
    this.#waiting.push(done)
    if (!this.#isWriting) this.#write()
  }

  #write(): void {
    const all = this.#waiting
    this.#waiting = []
    this.#isWriting = true
    this.#clock.after(this.#ms, () => {
      this.#isWriting = false
      if (this.#waiting.length > 0) this.#write()
      for (const done of all) done()
    })
  }
}
