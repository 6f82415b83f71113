import { fits } from '@colonies/core'
import {
  type Claimed,
  type ColonyKey,
  claimProcesses,
  type Db,
  hasTooMuchInput,
  type NewProcess,
  type ReadyLine,
  readyLines,
  wantedOf,
} from '@colonies/database'
import { ColoniesError } from '@colonies/protocol'
import { type Log, limitLines } from '../log.js'
import { afterReading, allRead } from './after-reading.js'
import { unknownYet } from './doubt.js'
import { Paces } from './pace.js'
import {
  askInDoubt,
  emptyLine,
  hintedSeats,
  type Line,
  lineKey,
  newSeat,
  nextSeats,
  noteClaim,
  questionOf,
  type Reservation,
  type Seat,
  shapeOf,
  type Waiter,
  wantedBy,
} from './waiting-line.js'

export interface WaitingRoomOptions {
  db: Db
  log: Log
  /** Processes whose executor has gone. */
  giveBack(colony: ColonyKey, processes: readonly Claimed[]): void
  /** A process that was claimed and has more input than anybody can be given. */
  failUnfit(colony: ColonyKey, process: Claimed): Promise<void>
  /** What became ready here fits nobody here. */
  tellOthers(colony: ColonyKey, ready: readonly ReadyLine[]): void
  /** Processes were claimed. */
  changed(colony: ColonyKey): void
  /** No other replica is known. */
  isAlone(): boolean
}

/**
 * All waiters of this replica. One claim per line is under way at a time: with two, both would look at the same head of
 * the queue. A hint wakes as many waiters as there are processes and no more; the poll of each second makes up for lost
 * hints.
 */
export class WaitingRoom {
  readonly #db: Db
  readonly #warn: Log['warn']
  readonly #lines = new Map<string, Line>()
  readonly #paces: Paces<string>
  readonly #giveBack: (colony: ColonyKey, processes: readonly Claimed[]) => void
  readonly #failUnfit: WaitingRoomOptions['failUnfit']
  readonly #changed: (colony: ColonyKey) => void
  readonly #tellOthers: WaitingRoomOptions['tellOthers']
  #closed = false
  #claims = 0

  constructor({ db, log, giveBack, failUnfit, tellOthers, changed, isAlone }: WaitingRoomOptions) {
    this.#db = db
    this.#warn = limitLines(log.warn, { linesPerSecondMax: 1 })
    this.#giveBack = giveBack
    this.#failUnfit = failUnfit
    this.#tellOthers = tellOthers
    this.#changed = changed
    this.#paces = new Paces(isAlone)
  }

  /** @returns a function that sends the waiter away: at once, or when it is known what a claim under way has for it */
  enter(waiter: Waiter): () => void {
    if (this.#closed) {
      waiter.leave(new ColoniesError('unavailable', 'The server is stopping; ask again, or ask another one'))
      return () => {}
    }
    const line = this.#line(waiter.colony, waiter.executorType)
    this.#replace(line, waiter)
    const seat = newSeat(waiter)
    line.questions.add(seat)
    line.asking.add(seat)
    line.pace.came(wantedBy(line.asking), waiter.slots)
    this.#wake(line)
    return () => {
      seat.leaving = true
      if (seat.busy) return
      this.#send(line, seat)
      this.#forget(line)
    }
  }

  /** The same request again: its connection was lost, so the earlier one must not get the process. */
  #replace(line: Line, waiter: Waiter): void {
    const seat = line.questions.find(waiter)
    if (seat && !seat.busy) this.#send(line, seat)
  }

  #remove(line: Line, seat: Seat): void {
    seat.gone = true
    line.idle.delete(seat)
    line.asking.delete(seat)
    line.questions.remove(seat)
  }

  /**
   * Processes became ready here. Others are told of those that nobody here fits, once that is known.
   *
   * @returns how many no waiter of this replica is there for
   */
  hint(colony: ColonyKey, ready: ReadyLine): number {
    const line = this.#lines.get(lineKey(colony, ready.executorType))
    if (!line) return ready.count
    // Those that were told of before have the first waiters.
    const free = Math.max(0, line.idle.size + line.asking.size - (line.untold?.count ?? 0))
    const taken = Math.min(ready.count, free)
    if (taken > 0) line.untold = readyLines([...(line.untold ? [line.untold] : []), { ...ready, count: taken }])[0]
    this.#hint(line, ready)
    return ready.count - taken
  }

  /** Another replica says so. */
  hintFromOthers(colony: ColonyKey, ready: ReadyLine): void {
    const line = this.#lines.get(lineKey(colony, ready.executorType))
    if (line) this.#hint(line, ready)
  }

  #hint(line: Line, { count, from }: ReadyLine): void {
    line.lowWater.fallTo(from)
    line.hints = Math.min(line.hints + count, line.idle.size)
    this.#lookAgain(line)
    if (line.claiming) line.lateHints += count
    if (line.hints > 0) line.pace.hurry()
    this.#wake(line)
  }

  /** What was found not to be there may be there now. */
  #lookAgain(line: Line): void {
    line.missed = []
    line.areNamesKnown = false
  }

  /**
   * Reserves an idle waiter that fits a process about to be stored, so that it is stored as running. Only a line without
   * claims, hints and new waiters gives one: then its waiters know that the queue has nothing older for them.
   */
  reserve(colony: ColonyKey, process: NewProcess): Reservation | undefined {
    const line = this.#lines.get(lineKey(colony, process.executorType))
    if (!line || line.claiming || line.hints > 0 || line.asking.size > 0) return undefined
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
        free: (error) => {
          line.reserved -= 1
          seat.busy = false
          if (error !== undefined) seat.doubt.failed(error, performance.now())
          if (this.#closed || seat.leaving) this.#send(line, seat)
          else line.asking.add(seat)
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
    if (!line) return
    line.hints = line.idle.size
    if (line.hints > 0) line.pace.hurry()
    line.lowWater.fallTo(undefined)
    this.#lookAgain(line)
    this.#wake(line)
  }

  /** Something may have been taken for a waiter that nobody heard of: with its ids it finds that. */
  recheckDoubts(): void {
    const nowMs = performance.now()
    for (const line of this.#lines.values()) {
      askInDoubt(line, nowMs)
      this.#wake(line)
      this.#forget(line)
    }
  }

  get size(): number {
    let size = 0
    for (const line of this.#lines.values()) size += line.idle.size + line.asking.size
    return size
  }

  /** Statements that looked for processes, since the start. */
  get claims(): number {
    return this.#claims
  }

  /** Sends all waiters away; later ones leave at once. */
  close(): void {
    this.#closed = true
    for (const line of this.#lines.values()) {
      for (const seat of [...line.idle, ...line.asking]) this.#send(line, seat)
      this.#forget(line)
    }
  }

  #line(colony: ColonyKey, type: string): Line {
    const key = lineKey(colony, type)
    let line = this.#lines.get(key)
    if (!line) {
      line = emptyLine(colony, type, this.#paces.of(key))
      this.#lines.set(key, line)
    }
    return line
  }

  #forget(line: Line): void {
    if (line.idle.size > 0 || line.asking.size > 0 || line.claiming || line.reserved > 0) return
    if (line.lowWater.isOfUse) return // the look of each second comes back to it
    this.#lines.delete(lineKey(line.colony, line.type))
  }

  #wake(line: Line): void {
    if (line.claiming || (line.asking.size === 0 && line.hints === 0)) return
    line.claiming = true
    afterReading(() => void this.#claimAll(line))
  }

  async #claimAll(line: Line): Promise<void> {
    try {
      do {
        for (let seats = await this.#gathered(line); seats.length > 0; seats = await this.#gathered(line)) {
          line.pace.begin()
          line.pace.end(await this.#claim(line, seats))
          await allRead()
        }
      } while (await this.#askWanted(line))
    } finally {
      line.claiming = false
      line.hints = 0
      this.#passOn(line)
      this.#wake(line) // who came while the last of it was looked at
      this.#forget(line)
    }
  }

  /** Those who asked were not enough: some process may want one of the others by name. @returns whether one does */
  async #askWanted(line: Line): Promise<boolean> {
    if (this.#closed || line.areNamesKnown || line.missed.length === 0 || line.idle.size === 0) return false
    line.areNamesKnown = true
    const names = new Set([...line.idle].map(({ waiter }) => waiter.executorName))
    try {
      const wanted = new Map(
        (await wantedOf(this.#db, line.colony, line.type, [...names])).map(({ name, count }) => [name, count]),
      )
      for (const seat of line.idle) {
        const left = wanted.get(seat.waiter.executorName) ?? 0
        if (left <= 0) continue
        wanted.set(seat.waiter.executorName, left - seat.waiter.slots)
        line.idle.delete(seat)
        line.asking.add(seat)
      }
    } catch (error) {
      this.#warn('it could not be looked up whom processes want; executors keep waiting', { error })
    }
    return line.asking.size > 0 || (line.hints > 0 && line.missed.length === 0)
  }

  #passOn(line: Line): void {
    if (line.untold) this.#tellOthers(line.colony, [line.untold])
    line.untold = undefined
  }

  async #gathered(line: Line): Promise<Seat[]> {
    // What is ready and whoever waits for it do not wait for others.
    if (line.asking.size > 0 && hintedSeats(line).length === 0) await line.pace.gathered(wantedBy(line.asking))
    return nextSeats(line)
  }

  /** @returns how many processes those who were given some may ask for again */
  async #claim(line: Line, seats: Seat[]): Promise<number> {
    line.lateHints = 0 // what was told until now is there for it to see
    const owners = seats.flatMap((seat) => Array<Seat>(seat.waiter.slots).fill(seat))
    const claimed = await this.#ask(line, seats, owners)
    if (claimed.length > 0) this.#changed(line.colony)
    const unfit = claimed.filter(hasTooMuchInput)
    // Before anything is claimed again, or the same question would get the same process.
    await Promise.all(unfit.map((row) => this.#failUnfit(line.colony, row)))
    const bySeat = new Map<Seat, Claimed[]>()
    for (const row of claimed) {
      if (unfit.includes(row)) continue
      const seat = owners[row.place] as Seat
      const list = bySeat.get(seat)
      if (list) list.push(row)
      else bySeat.set(seat, [row])
    }
    const more = unfit.length > 0 || claimed.some((row) => row.more)
    line.hints = Math.max(0, line.hints - claimed.length)
    const untold = (line.untold?.count ?? 0) - claimed.length
    line.untold = line.untold && untold > 0 ? { ...line.untold, count: untold } : undefined
    if (claimed.length < owners.length && !more) line.missed.push(shapeOf(seats))
    for (const seat of seats) {
      const processes = bySeat.get(seat)
      if (processes) this.#hand(line, seat, processes)
      else this.#putBack(line, seat, more)
    }
    line.hints = Math.min(line.hints + line.lateHints, line.idle.size)
    if (line.lateHints > 0) this.#lookAgain(line)
    return [...bySeat.keys()].reduce((sum, { waiter }) => sum + waiter.slots, 0)
  }

  /** @returns what was claimed; nothing when that failed */
  async #ask(line: Line, seats: Seat[], owners: readonly Seat[]): Promise<Claimed[]> {
    const { claimants, known, looksAtAll } = questionOf(line, seats, owners)
    const begunMs = performance.now()
    this.#claims += 1
    try {
      const names = claimants.map(({ name }) => name)
      const claimed = await line.lowWater.claim(known, { names, looksAtAll }, (from, namedFrom) => {
        const all = claimants.map((one) => (from === undefined ? one : { ...one, namedFrom: namedFrom(one.name) }))
        return claimProcesses(this.#db, line.colony, { ...known, from }, all)
      })
      noteClaim(line, claimed)
      for (const { doubt } of seats) doubt.lookedAt(begunMs)
      return claimed
    } catch (error) {
      this.#warn('a claim failed; its executors keep waiting', { colony: line.colony, error })
      for (const seat of seats) {
        seat.doubt.failed(error, performance.now())
        if (seat.waiter.once) this.#send(line, seat, error)
      }
      return []
    }
  }

  #hand(line: Line, seat: Seat, processes: Claimed[]): void {
    const taken = !seat.gone && seat.waiter.take(processes)
    this.#remove(line, seat)
    if (!taken) this.#giveBack(line.colony, processes)
  }

  /** There was nothing for it. @param more others wait for their turn in the queue, and may fit it */
  #putBack(line: Line, seat: Seat, more: boolean): void {
    if (seat.gone) return
    seat.busy = false
    if (this.#closed || seat.leaving) this.#send(line, seat)
    else if (more) line.asking.add(seat)
    else if (seat.waiter.once) this.#send(line, seat)
    else {
      line.idle.add(seat)
      if (seat.doubt.exists) line.areInDoubt = true
    }
  }

  #send(line: Line, seat: Seat, error?: unknown): void {
    if (seat.gone) return
    this.#remove(line, seat)
    seat.waiter.leave(error ?? (seat.doubt.exists ? unknownYet() : undefined))
  }
}
