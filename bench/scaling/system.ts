import { type Clock, type Cores, Log, Thread } from './engine.js'

/** Milliseconds of processor time: for each operation, and for each statement that carries several of them. */
export interface Cost {
  server: number
  serverBatch: number
  database: number
  databaseBatch: number
}

export interface Costs {
  submit: Cost
  /** Of one that finds a process. */
  assign: Cost
  close: Cost
  /** A poll that finds nothing and ends with nothing; its look at the queue is what any poll has that finds nothing. */
  hang: Cost
  /** What a submit costs more that is handed to an executor which waits, with the answer to that one. */
  dispatch: Cost
  heartbeat: Cost
}

/** Of the time that a request takes a replica, this part comes before its statement: the signature is the most of it. */
const BEFORE = 0.6
const ITEMS_MAX = 500
const CLAIM_MAX = 200
const COLLECT_MS = 10

export interface Process {
  submittedMs: number
}

export type Take = (process: Process) => void

export class Postgres {
  readonly cores: Cores
  readonly log: Log
  readonly #clock: Clock
  /** From a replica to PostgreSQL, or back. */
  readonly #hopMs: number
  /** By colony: those that wait for an executor. */
  readonly queues = new Map<number, Process[]>()

  constructor(clock: Clock, cores: Cores, { logMs, hopMs }: { logMs: number; hopMs: number }) {
    this.#clock = clock
    this.cores = cores
    this.log = new Log(clock, logMs)
    this.#hopMs = hopMs
  }

  run(begin: Begin, done: () => void): void {
    const answer = () => this.#later(done)
    this.#later(() => {
      const { ms, writes } = begin()
      this.cores.work(ms, writes ? () => this.log.commit(answer) : answer)
    })
  }

  queueOf(colony: number): Process[] {
    let queue = this.queues.get(colony)
    if (!queue) this.queues.set(colony, (queue = []))
    return queue
  }

  #later(act: () => void): void {
    if (this.#hopMs === 0) act()
    else this.#clock.after(this.#hopMs, act)
  }
}

/** What a statement does when it begins: how long it takes, and whether it writes anything. */
type Begin = () => { ms: number; writes: boolean }

/** The connections of one replica: a statement waits until one is free. */
class Pool {
  readonly #clock: Clock
  readonly #postgres: Postgres
  readonly #size: number
  readonly #waiting: (() => void)[] = []
  #used = 0
  #sinceMs = 0
  /** Milliseconds that all connections were at work. */
  busyMs = 0

  constructor(clock: Clock, postgres: Postgres, size: number) {
    this.#clock = clock
    this.#postgres = postgres
    this.#size = size
  }

  run(begin: Begin, done: () => void): void {
    const start = () => {
      this.#count(1)
      this.#postgres.run(begin, () => {
        this.#count(-1)
        this.#waiting.shift()?.()
        done()
      })
    }
    if (this.#used < this.#size) start()
    else this.#waiting.push(start)
  }

  #count(more: number): void {
    this.busyMs += this.#used * (this.#clock.nowMs - this.#sinceMs)
    this.#sinceMs = this.#clock.nowMs
    this.#used += more
  }
}

interface Line<Item> {
  items: Item[]
  flushing: number
  scheduled: boolean
}

type Flush<Item> = (colony: number, items: Item[], done: () => void) => void

/** As `queue/batcher.ts`: what comes while a flush is under way is the next one. */
class Batcher<Item> {
  readonly #lines = new Map<number, Line<Item>>()
  readonly #thread: Thread
  readonly #batchMs: number
  readonly #flush: Flush<Item>
  flushes = 0
  items = 0

  constructor(thread: Thread, batchMs: number, flush: Flush<Item>) {
    this.#thread = thread
    this.#batchMs = batchMs
    this.#flush = flush
  }

  add(colony: number, item: Item): void {
    let line = this.#lines.get(colony)
    if (!line) this.#lines.set(colony, (line = { items: [], flushing: 0, scheduled: false }))
    line.items.push(item)
    this.#schedule(colony, line)
  }

  #schedule(colony: number, line: Line<Item>): void {
    if (line.scheduled || line.flushing >= 2 || line.items.length === 0) return
    line.scheduled = true
    // Last in its line, as the requests that have come already are read before.
    this.#thread.run(this.#batchMs, () => {
      line.scheduled = false
      line.flushing++
      const items = line.items.splice(0, ITEMS_MAX)
      this.flushes++
      this.items += items.length
      this.#flush(colony, items, () => {
        line.flushing--
        this.#schedule(colony, line)
      })
    })
  }
}

interface Submission extends Process {
  stored: () => void
}

const writing = (cost: Cost, count: number) => ({ ms: cost.databaseBatch + cost.database * count, writes: true })

/** Executors of one colony that wait at one replica. */
interface Room {
  asking: Take[]
  idle: Take[]
  hints: number
  claiming: boolean
}

export interface ReplicaOptions {
  costs: Costs
  /** To PostgreSQL, at most. */
  connections: number
}

/** What a replica does with the requests whose rate matters. */
export class Replica {
  readonly thread: Thread
  readonly pool: Pool
  readonly #clock: Clock
  readonly #postgres: Postgres
  readonly #costs: Costs
  readonly #rooms = new Map<number, Room>()
  readonly submits: Batcher<Submission>
  readonly closes: Batcher<() => void>
  others: readonly Replica[] = []
  claims = 0
  claimed = 0

  constructor(clock: Clock, cores: Cores, postgres: Postgres, { costs, connections }: ReplicaOptions) {
    this.#clock = clock
    this.pool = new Pool(clock, postgres, connections)
    this.thread = new Thread(cores)
    this.#postgres = postgres
    this.#costs = costs
    this.submits = new Batcher(this.thread, costs.submit.serverBatch, (colony, items, done) =>
      this.#store(colony, items, done),
    )
    this.closes = new Batcher(this.thread, costs.close.serverBatch, (_, items, done) => {
      const { close } = costs
      this.pool.run(
        () => writing(close, items.length),
        () => {
          done()
          for (const ended of items) this.#reply(close, ended)
        },
      )
    })
  }

  submit(colony: number, stored: () => void): void {
    const submission = { submittedMs: this.#clock.nowMs, stored }
    this.thread.run(this.#costs.submit.server * BEFORE, () => this.submits.add(colony, submission))
  }

  close(colony: number, ended: () => void): void {
    this.thread.run(this.#costs.close.server * BEFORE, () => this.closes.add(colony, ended))
  }

  /** @param take is called when it has a process, and the executor has its answer */
  assign(colony: number, take: Take): void {
    this.thread.run(this.#costs.assign.server * BEFORE, () => {
      const room = this.#roomOf(colony)
      room.asking.push(take)
      this.#wake(colony, room)
    })
  }

  /** One that hangs at the beginning. */
  seat(colony: number, take: Take): void {
    this.#roomOf(colony).idle.push(take)
  }

  /** A poll whose time is over, and which comes again: it looks at the queue, and stays as it was. */
  renew(): void {
    const { hang } = this.#costs
    this.thread.run(hang.server * BEFORE, () =>
      this.pool.run(
        () => ({ ...writing(hang, 1), writes: false }),
        () => this.#reply(hang, () => {}),
      ),
    )
  }

  heartbeat(heard: () => void): void {
    const { heartbeat } = this.#costs
    this.thread.run(heartbeat.server * BEFORE, () =>
      this.pool.run(
        () => writing(heartbeat, 1),
        () => this.#reply(heartbeat, heard),
      ),
    )
  }

  /** Some became ready. @returns how many of them nobody here waits for */
  hint(colony: number, count: number): number {
    const room = this.#rooms.get(colony)
    if (!room) return count
    const wanted = Math.min(count, room.idle.length - room.hints)
    room.hints += wanted
    this.#wake(colony, room)
    return count - wanted
  }

  #store(colony: number, items: Submission[], done: () => void): void {
    const { submit, dispatch } = this.#costs
    const room = this.#roomOf(colony)
    const takers = room.idle.splice(0, Math.min(items.length, room.idle.length - room.hints))
    const { ms } = writing(submit, items.length)
    this.pool.run(() => ({ ms: ms + takers.length * dispatch.database, writes: true }), stored.bind(this))

    function stored(this: Replica): void {
      done()
      for (const [n, item] of items.entries()) {
        const take = takers[n]
        if (take) this.thread.run(dispatch.server, () => take(item))
        else this.#postgres.queueOf(colony).push(item)
        this.#reply(submit, item.stored)
      }
      const left = this.hint(colony, items.length - takers.length)
      if (left > 0)
        this.#clock.after(COLLECT_MS, () => {
          for (const other of this.others) if (other !== this) other.hint(colony, left)
        })
    }
  }

  #wake(colony: number, room: Room): void {
    if (room.claiming || (room.asking.length === 0 && room.hints === 0)) return
    room.claiming = true
    this.thread.run(this.#costs.assign.serverBatch, () => this.#claim(colony, room))
  }

  #claim(colony: number, room: Room): void {
    const { assign, hang } = this.#costs
    const seats = room.asking.length > 0 ? room.asking.splice(0, CLAIM_MAX) : room.idle.splice(0, room.hints)
    room.hints = Math.max(0, room.hints - seats.length)
    this.claims++
    let found: Process[] = []
    const begin = () => {
      found = this.#postgres.queueOf(colony).splice(0, seats.length)
      const cost = found.length > 0 ? assign : hang
      return { ms: cost.databaseBatch + cost.database * Math.max(1, found.length), writes: found.length > 0 }
    }
    this.pool.run(begin, () => {
      this.claimed += found.length
      for (const [n, process] of found.entries()) this.#reply(assign, () => seats[n]?.(process))
      room.idle.push(...seats.slice(found.length))
      room.claiming = false
      this.#wake(colony, room)
    })
  }

  #reply({ server }: Cost, done: () => void): void {
    this.thread.run(server * (1 - BEFORE), done)
  }

  #roomOf(colony: number): Room {
    let room = this.#rooms.get(colony)
    if (!room) this.#rooms.set(colony, (room = { asking: [], idle: [], hints: 0, claiming: false }))
    return room
  }
}
