import type { Claimed, ClaimShape, ColonyKey, ReadyLine } from '@colonies/database'
import { type Linked, LinkedSet } from '../linked-set.js'
import { Doubt } from './doubt.js'
import { Expectation } from './expectation.js'
import { LowWater, sameShape } from './low-water.js'
import { ENOUGH, type Pace } from './pace.js'
import { Questions } from './questions.js'

/** An executor whose assign hangs until something fits it. */
export interface Waiter extends ClaimShape {
  readonly colony: ColonyKey
  readonly executorId: string
  readonly executorName: string
  /** Should a claim get lost with its connection, the next one with this id finds what it took. */
  readonly assignId: string
  /** Nobody has asked with that id before. */
  readonly hasNewId: boolean
  /** Processes that it takes at most. */
  readonly slots: number
  /** Called once, with at least one process. @returns false when the executor is gone and never sees them */
  take(processes: Claimed[]): boolean
  /** Called once instead: nothing came, or it is not known whether something did, or why. */
  leave(error?: unknown): void
  /** It asked not to wait: a claim that finds nothing is the end. */
  readonly once: boolean
}

export interface Seat extends Linked<Seat> {
  readonly waiter: Waiter
  /** In a claim now, or reserved for a process that is just being stored. */
  busy: boolean
  /** Its time is over: what it is busy with comes to an end, and then it leaves. */
  leaving: boolean
  gone: boolean
  readonly doubt: Doubt
}

export function newSeat(waiter: Waiter): Seat {
  const place = { set: undefined, before: undefined, after: undefined }
  return { waiter, busy: false, leaving: false, gone: false, doubt: new Doubt({ isNew: waiter.hasNewId }), ...place }
}

/** A waiter set aside for a process that is just being stored. */
export interface Reservation {
  executorId: string
  executorName: string
  assignId: string
  /** It was stored as running. */
  hand(claimed: Claimed): void
  /** It was not, as far as is known: the waiter looks at the queue again. @param error why there was no answer */
  free(error?: unknown): void
}

/** Waiters of one executor type of one colony. */
export interface Line {
  colony: ColonyKey
  type: string
  /** New ones, for whom the queue has not been looked at yet. */
  asking: LinkedSet<Seat>
  /** Those for whom the queue had nothing, longest waiting first. */
  idle: LinkedSet<Seat>
  /** The newest of each question, for whoever asks it again. */
  questions: Questions<Seat>
  /** How many processes are said to be ready; that many idle waiters are asked for again. */
  hints: number
  /** Shapes for whose waiters there was too little since the last hint: what it spoke of may fit the others. */
  missed: ClaimShape[]
  /** Processes that became ready here and that the hints stand for: other replicas were not told of them. */
  untold: ReadyLine | undefined
  /** The last claim left some of them behind. */
  areAskingFirst: boolean
  /** Since the last hint it was looked up whom processes want by name. */
  areNamesKnown: boolean
  claiming: boolean
  readonly pace: Pace
  /** The queue has many different demands, as far as the last claim knows. */
  isVaried: boolean
  /** Processes that want executors by name, and those in workflows. */
  named: Expectation
  inGraphs: Expectation
  /** Where claims of the queue may begin. */
  lowWater: LowWater
  /** Waiters that are reserved: they come back, so the line has to stay. */
  reserved: number
  /** Of some idle ones it is not known whether they have something already. */
  areInDoubt: boolean
  /** Hints that came during a claim, which may have looked at the queue before what they speak of was committed. */
  lateHints: number
}

export function emptyLine(colony: ColonyKey, type: string, pace: Pace): Line {
  const nobody = {
    asking: new LinkedSet<Seat>(),
    idle: new LinkedSet<Seat>(),
    questions: new Questions<Seat>(),
    reserved: 0,
  }
  const nothing = {
    hints: 0,
    lateHints: 0,
    untold: undefined,
    missed: [],
    areAskingFirst: false,
    areNamesKnown: false,
    areInDoubt: false,
  }
  const unknown = { isVaried: false, named: new Expectation(), inGraphs: new Expectation() }
  return { colony, type, ...nobody, ...nothing, ...unknown, claiming: false, pace, lowWater: new LowWater() }
}

export function noteClaim(line: Line, [first]: readonly Claimed[]): void {
  if (!first) return
  line.isVaried = first.varied
  line.named.note(first.isNamed)
  line.inGraphs.note(first.inGraphs)
}

/** What a claim asks for these seats. @param owners the seat of each process that it may get */
export function questionOf({ isVaried, named, inGraphs }: Line, seats: Seat[], owners: readonly Seat[]) {
  const claimants = owners.map(({ waiter, doubt }) => ({
    executorId: waiter.executorId,
    name: waiter.executorName,
    assignId: waiter.assignId,
    isNew: waiter.hasNewId && !doubt.exists,
  }))
  const known = { ...shapeOf(seats), isVaried, isNamed: named.isThere, inGraphs: inGraphs.isThere }
  // Who does not wait is told for certain that there is nothing.
  return { claimants, known, looksAtAll: isVaried || seats.some(({ waiter }) => waiter.once) }
}

/** Shapes that are asked for until nothing more comes of a hint; the others have their turn with the next one, or the poll. */
const MISSED_MAX = 20

/** As many idle waiters as hints speak of, without those for whose like there was too little; longest waiting first. */
export function hintedSeats({ idle, hints, missed }: Line): Seat[] {
  const seats: Seat[] = []
  if (missed.length >= MISSED_MAX) return seats
  for (const seat of idle) {
    if (seats.length >= hints) break
    if (!missed.some((one) => sameShape(one, seat.waiter))) seats.push(seat)
  }
  return seats
}

/**
 * Takes the next waiters to claim for, all of one shape: idle ones as far as hints go, who wait longest, and new ones. What a claim
 * for others left behind of the new ones comes first in the next.
 */
export function nextSeats(line: Line): Seat[] {
  const hinted = hintedSeats(line)
  const candidates = line.areAskingFirst ? [...line.asking, ...hinted] : [...hinted, ...line.asking]
  const first = candidates[0]
  if (!first) return []
  const seats = upToSlots(candidates.filter((seat) => sameShape(seat.waiter, first.waiter)))
  for (const seat of seats) {
    seat.busy = true
    line.idle.delete(seat)
    line.asking.delete(seat)
  }
  line.areAskingFirst = !line.areAskingFirst && line.asking.size > 0
  return seats
}

/** Most waiters of one claim, and most processes unless one waiter takes more. */
const CLAIM_MAX = 200

function upToSlots(seats: readonly Seat[]): Seat[] {
  let slots = 0
  const end = seats.findIndex(({ waiter }) => (slots += waiter.slots) > CLAIM_MAX)
  return seats.slice(0, end < 0 ? seats.length : Math.max(1, end))
}

/** Whoever is in doubt, and whose next look is due, asks again. Thousands may wait, so nobody is looked at where nobody is in doubt. */
export function askInDoubt(line: Line, nowMs: number): void {
  if (!line.areInDoubt) return
  line.areInDoubt = false
  for (const seat of line.idle) {
    if (seat.doubt.isDue(nowMs)) {
      line.idle.delete(seat)
      line.asking.add(seat)
    } else if (seat.doubt.exists) line.areInDoubt = true
  }
}

/** How many processes they want, as far as it matters to a pace. */
export function wantedBy(seats: LinkedSet<Seat>): number {
  if (seats.size >= ENOUGH) return seats.size // each wants one at least
  let slots = 0
  for (const { waiter } of seats) {
    slots += waiter.slots
    if (slots >= ENOUGH) break
  }
  return slots
}

export function lineKey(colony: ColonyKey, type: string): string {
  return `${colony}/${type}`
}

/** What the first of them wants, as all do; without the waiter itself, which is gone long before a line is. */
export function shapeOf([first]: readonly Seat[]): ClaimShape {
  const { executorType, location, cpu, memory } = (first as Seat).waiter
  return { executorType, location, cpu, memory }
}
