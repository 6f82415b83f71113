import { fits } from '@colonies/core'
import {
  type Claimant,
  type Claimed,
  type ClaimShape,
  type ColonyKey,
  claimProcesses,
  type Db,
  hasTooMuchInput,
  type NewProcess,
  type ReadyLine,
} from '@colonies/database'
import { type Log, limitLines } from '../log.js'

/** An executor whose assign hangs until something fits it. */
export interface Waiter extends ClaimShape {
  readonly colony: ColonyKey
  readonly executorId: string
  readonly executorName: string
  /** Should a claim get lost with its connection, the next one with this id finds what it took. */
  readonly assignId: string
  /** Processes that it takes at most. */
  readonly slots: number
  /** Called once, with at least one process. @returns false when the executor is gone and never sees them */
  take(processes: Claimed[]): boolean
  /** Called once instead: nothing came. */
  leave(error?: unknown): void
  /** It asked not to wait: a claim that finds nothing is the end. */
  readonly once: boolean
}

interface Seat {
  waiter: Waiter
  /** In a claim now, or reserved for a process that is just being stored. */
  busy: boolean
  gone: boolean
}

/** Waiters of one executor type of one colony. */
interface Line {
  colony: ColonyKey
  type: string
  /** New ones, for whom the queue has not been looked at yet. */
  asking: Seat[]
  /** Those for whom the queue had nothing, longest waiting first. */
  idle: Set<Seat>
  /** How many processes are said to be ready; that many idle waiters are asked for again. */
  hints: number
  /** Shapes for whose waiters there was too little since the last hint: what it spoke of may fit the others. */
  missed: ClaimShape[]
  claiming: boolean
  /** The queue has many different demands, as far as the last claim knows. */
  isVaried: boolean
  /** Waiters that are reserved: they come back, so the line has to stay. */
  reserved: number
  /** A claim failed: it may have taken processes that nobody here knows of. */
  unsure: boolean
  /** Hints that came during a claim, which may have looked at the queue before what they speak of was committed. */
  lateHints: number
}

export interface WaitingRoomOptions {
  db: Db
  log: Log
  /** Processes whose executor has gone. */
  giveBack(colony: ColonyKey, processes: readonly Claimed[]): void
  /** A process that was claimed and has more input than anybody can be given. */
  failUnfit(colony: ColonyKey, process: Claimed): Promise<void>
  /** Processes were claimed. */
  changed(colony: ColonyKey): void
}

/** Most waiters of one claim, and most processes unless one waiter takes more. */
const CLAIM_MAX = 200
/** Shapes that are asked for until nothing more comes of a hint; the others have their turn with the next one, or the poll. */
const MISSED_MAX = 20

/**
 * All waiters of this replica. One claim per line is under way at a time: with two, both would look at the same head of
 * the queue. A hint wakes as many waiters as there are processes and no more; the poll of each second makes up for lost
 * hints.
 */
export class WaitingRoom {
  readonly #db: Db
  readonly #warn: Log['warn']
  readonly #lines = new Map<string, Line>()
  readonly #giveBack: (colony: ColonyKey, processes: readonly Claimed[]) => void
  readonly #failUnfit: WaitingRoomOptions['failUnfit']
  readonly #changed: (colony: ColonyKey) => void
  #closed = false

  constructor({ db, log, giveBack, failUnfit, changed }: WaitingRoomOptions) {
    this.#db = db
    this.#warn = limitLines(log.warn, { linesPerSecondMax: 1 })
    this.#giveBack = giveBack
    this.#failUnfit = failUnfit
    this.#changed = changed
  }

  /** @returns a function that takes the waiter out again; nothing is handed to it afterwards */
  enter(waiter: Waiter): () => void {
    if (this.#closed) {
      waiter.leave()
      return () => {}
    }
    const line = this.#line(waiter.colony, waiter.executorType)
    this.#replace(line, waiter)
    const seat: Seat = { waiter, busy: false, gone: false }
    line.asking.push(seat)
    this.#wake(line)
    return () => {
      seat.gone = true
      line.idle.delete(seat)
      line.asking = line.asking.filter((other) => other !== seat)
      this.#forget(line)
    }
  }

  /** The same request again: its connection was lost, so the earlier one must not get the process. */
  #replace(line: Line, { executorId, assignId }: Waiter): void {
    for (const seat of [...line.idle, ...line.asking]) {
      if (seat.busy || seat.waiter.executorId !== executorId || seat.waiter.assignId !== assignId) continue
      seat.gone = true
      line.idle.delete(seat)
      line.asking = line.asking.filter((other) => other !== seat)
      seat.waiter.leave()
    }
  }

  /** Processes became ready. @returns how many no waiter of this replica is there for */
  hint(colony: ColonyKey, { executorType, count }: ReadyLine): number {
    const line = this.#lines.get(lineKey(colony, executorType))
    if (!line) return count
    const taken = Math.min(count, line.idle.size + line.asking.length)
    line.hints = Math.min(line.hints + count, line.idle.size)
    line.missed = []
    if (line.claiming) line.lateHints += count
    this.#wake(line)
    return count - taken
  }

  /**
   * Reserves an idle waiter that fits a process about to be stored, so that it is stored as running. Only a line without
   * claims, hints and new waiters gives one: then its waiters know that the queue has nothing older for them.
   */
  reserve(colony: ColonyKey, process: NewProcess): Reservation | undefined {
    const line = this.#lines.get(lineKey(colony, process.executorType))
    if (!line || line.claiming || line.hints > 0 || line.asking.length > 0) return undefined
    for (const seat of line.idle) {
      if (
        seat.busy ||
        !fits(process, { ...seat.waiter, type: seat.waiter.executorType, name: seat.waiter.executorName })
      )
        continue
      seat.busy = true
      line.idle.delete(seat)
      line.reserved += 1
      return {
        executorId: seat.waiter.executorId,
        executorName: seat.waiter.executorName,
        assignId: seat.waiter.assignId,
        hand: (claimed) => {
          line.reserved -= 1
          this.#hand(line, seat, [claimed])
          this.#forget(line)
        },
        free: () => {
          line.reserved -= 1
          seat.busy = false
          if (this.#closed) this.#send(seat)
          if (!seat.gone) line.asking.push(seat)
          this.#wake(line)
          this.#forget(line)
        },
      }
    }
    return undefined
  }

  /** Colonies and types that idle waiters wait for. */
  idleLines(): Map<ColonyKey, string[]> {
    const result = new Map<ColonyKey, string[]>()
    for (const line of this.#lines.values()) {
      if (line.idle.size === 0) continue
      const types = result.get(line.colony)
      if (types) types.push(line.type)
      else result.set(line.colony, [line.type])
    }
    return result
  }

  /** The queue may have something for any waiter of this line. */
  recheck(colony: ColonyKey, executorType: string): void {
    const line = this.#lines.get(lineKey(colony, executorType))
    if (line) this.#recheck(line)
  }

  /** A claim that failed with its connection may have been stored: the same waiters find with their ids what it took. */
  recheckUnsure(): void {
    for (const line of this.#lines.values()) {
      if (line.unsure) this.#recheck(line)
    }
  }

  #recheck(line: Line): void {
    line.unsure = false
    line.hints = line.idle.size
    line.missed = []
    this.#wake(line)
  }

  get size(): number {
    let size = 0
    for (const line of this.#lines.values()) size += line.idle.size + line.asking.length
    return size
  }

  /** Sends all waiters away; later ones leave at once. */
  close(): void {
    this.#closed = true
    for (const line of this.#lines.values()) {
      for (const seat of [...line.idle, ...line.asking]) {
        if (seat.busy) continue
        seat.gone = true
        seat.waiter.leave()
      }
      line.idle.clear()
      line.asking = []
      this.#forget(line)
    }
  }

  #line(colony: ColonyKey, type: string): Line {
    const key = lineKey(colony, type)
    let line = this.#lines.get(key)
    if (!line) {
      const empty = { asking: [], idle: new Set<Seat>(), hints: 0, missed: [], claiming: false, reserved: 0 }
      line = { colony, type, ...empty, isVaried: false, unsure: false, lateHints: 0 }
      this.#lines.set(key, line)
    }
    return line
  }

  #forget(line: Line): void {
    if (line.idle.size > 0 || line.asking.length > 0 || line.claiming || line.reserved > 0) return
    this.#lines.delete(lineKey(line.colony, line.type))
  }

  #wake(line: Line): void {
    if (line.claiming || (line.asking.length === 0 && line.hints === 0)) return
    line.claiming = true
    setImmediate(() => void this.#claimAll(line))
  }

  async #claimAll(line: Line): Promise<void> {
    try {
      for (let seats = this.#next(line); seats.length > 0; seats = this.#next(line)) await this.#claim(line, seats)
    } finally {
      line.claiming = false
      line.hints = line.idle.size === 0 ? 0 : line.hints
      this.#forget(line)
    }
  }

  /** The next waiters to claim for: new ones first, then idle ones as far as hints go; all of one shape. */
  #next(line: Line): Seat[] {
    const candidates = line.asking.length > 0 ? line.asking : this.#hinted(line)
    const first = candidates[0]
    if (!first) {
      line.hints = 0
      line.missed = []
      return []
    }
    const seats = upToSlots(candidates.filter((seat) => sameShape(seat.waiter, first.waiter)))
    if (line.asking.length > 0) line.asking = line.asking.filter((seat) => !seats.includes(seat))
    for (const seat of seats) {
      seat.busy = true
      line.idle.delete(seat)
    }
    return seats
  }

  #hinted({ idle, hints, missed }: Line): Seat[] {
    if (hints === 0 || missed.length >= MISSED_MAX) return []
    const seats = [...idle]
    const open =
      missed.length === 0 ? seats : seats.filter((seat) => !missed.some((one) => sameShape(one, seat.waiter)))
    return open.slice(0, hints)
  }

  async #claim(line: Line, seats: Seat[]): Promise<void> {
    const claimants: Claimant[] = []
    const owners: Seat[] = []
    for (const seat of seats) {
      for (let slot = 0; slot < seat.waiter.slots; slot += 1) {
        owners.push(seat)
        claimants.push({
          executorId: seat.waiter.executorId,
          name: seat.waiter.executorName,
          assignId: seat.waiter.assignId,
        })
      }
    }
    const shape = seats[0]?.waiter as ClaimShape
    let claimed: Claimed[] = []
    try {
      const { executorType, location, cpu, memory } = shape
      const known = { executorType, location, cpu, memory, isVaried: line.isVaried }
      claimed = await claimProcesses(this.#db, line.colony, known, claimants)
      line.isVaried = claimed[0]?.varied ?? line.isVaried
    } catch (error) {
      this.#warn('a claim failed; its executors keep waiting', { colony: line.colony, error })
      line.unsure = true
      for (const seat of seats) if (seat.waiter.once) this.#send(seat, error)
    }
    if (claimed.length > 0) this.#changed(line.colony)
    const bySeat = new Map<Seat, Claimed[]>()
    const unfit = claimed.filter(hasTooMuchInput)
    // Before anything is claimed again, or the same question would get the same process.
    await Promise.all(unfit.map((row) => this.#failUnfit(line.colony, row)))
    const more = unfit.length > 0 || claimed.some((row) => row.more)
    for (const row of claimed) {
      if (unfit.includes(row)) continue
      const seat = owners[row.place] as Seat
      const list = bySeat.get(seat)
      if (list) list.push(row)
      else bySeat.set(seat, [row])
    }
    line.hints = Math.max(0, line.hints - claimed.length)
    if (claimed.length < claimants.length && !more) line.missed.push(shape)
    for (const seat of seats) {
      const processes = bySeat.get(seat)
      if (processes) this.#hand(line, seat, processes)
      else if (more && !this.#closed && !seat.gone) {
        seat.busy = false
        line.asking.push(seat)
      } else if (seat.waiter.once || this.#closed) this.#send(seat)
      else if (!seat.gone) {
        seat.busy = false
        line.idle.add(seat)
      }
    }
    line.hints = Math.min(line.hints + line.lateHints, line.idle.size)
    if (line.lateHints > 0) line.missed = []
    line.lateHints = 0
  }

  #hand(line: Line, seat: Seat, processes: Claimed[]): void {
    const taken = !seat.gone && seat.waiter.take(processes)
    seat.gone = true
    if (!taken) this.#giveBack(line.colony, processes)
  }

  #send(seat: Seat, error?: unknown): void {
    if (seat.gone) return
    seat.gone = true
    seat.waiter.leave(error)
  }
}

/** A waiter set aside for a process that is just being stored. */
export interface Reservation {
  executorId: string
  executorName: string
  assignId: string
  /** It was stored as running. */
  hand(claimed: Claimed): void
  /** It was not: the waiter looks at the queue again. */
  free(): void
}

function upToSlots(seats: readonly Seat[]): Seat[] {
  let slots = 0
  const end = seats.findIndex(({ waiter }) => (slots += waiter.slots) > CLAIM_MAX)
  return seats.slice(0, end < 0 ? seats.length : Math.max(1, end))
}

function lineKey(colony: ColonyKey, type: string): string {
  return `${colony}/${type}`
}

function sameShape(a: ClaimShape, b: ClaimShape): boolean {
  return a.location === b.location && a.cpu === b.cpu && a.memory === b.memory
}
