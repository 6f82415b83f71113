import { parseFreeCpu, parseFreeMemory } from '@colonies/core'
import type { Claimed } from '@colonies/database'
import { newId } from '@colonies/identity'
import { ColoniesError, limits } from '@colonies/protocol'
import type { Call, Rendered } from '../handler.js'
import type { Waiter } from '../queue/waiting-line.js'

export interface WaitOptions {
  /** Seconds; negative: not at all. */
  timeout: number
  /** Processes that it takes at most. */
  slots: number
  availablecpu: string
  availablemem: string
  assignid: string
}

/** What is kept of a call while it waits. */
export type KeptCall = Pick<Call, 'db' | 'colony' | 'replica'>

/** Makes the reply of what was assigned: nothing, when none came in time. */
export type AssignReply = (call: KeptCall, processes: Claimed[], timeoutSeconds: number) => Promise<Rendered>

/**
 * Waits in the waiting room until processes fit, the time is over, or the caller is gone. Processes that arrive after the
 * caller has gone are given back by the room.
 *
 * Not async, and neither may its callers be: the frame of each would be as large as the whole wait, and keep its input.
 *
 * @throws ColoniesError `bad_request`; `unavailable` when some may have been assigned that nobody heard of yet
 */
export function waitFor(call: Call, options: WaitOptions, reply: AssignReply): Promise<Rendered> {
  return new Promise((settle) => {
    checkOptions(options)
    new AssignWait(call, options, { reply, settle }).begin(call)
  })
}

/** A bad timeout, an overlong id or no slot would be a wait that nobody meant. */
function checkOptions({ timeout, slots, assignid }: WaitOptions): void {
  if (timeout === 0)
    throw new ColoniesError(
      'bad_request',
      'Invalid timeout value, timeout cannot be zero: it is the seconds to wait, or negative for an answer at once',
    )
  if (assignid.length > limits.nameLengthMax)
    throw new ColoniesError('bad_request', `assignid must have at most ${limits.nameLengthMax} characters`)
  if (slots < 1 || slots > limits.assignBatchMax)
    throw new ColoniesError('bad_request', `count must be 1 to ${limits.assignBatchMax}, got ${slots}`)
}

/** What was decoded is a part of the payload, as V8 sees it, and keeps all of that. @returns the same text alone */
function copyOf(text: string): string {
  return Buffer.from(text).toString()
}

interface Outcome {
  reply: AssignReply
  settle(reply: Promise<Rendered>): void
}

/** An executor that hangs. Ten thousand may, so it is one object, with what the room needs and nothing else of the request. */
class AssignWait implements Waiter {
  readonly colony: Waiter['colony']
  readonly executorId: string
  readonly executorName: string
  readonly executorType: string
  readonly location: string
  readonly cpu: bigint
  readonly memory: bigint
  readonly assignId: string
  readonly hasNewId: boolean
  readonly slots: number
  readonly #call: KeptCall
  readonly #timeoutSeconds: number
  readonly #reply: AssignReply
  /** Until it is called: a wait that is over must not keep its processes, should it become old garbage (record 34). */
  #settle: Outcome['settle'] | undefined
  #timer: NodeJS.Timeout | undefined
  #leaveRoom: (() => void) | undefined
  /** Why nobody waits for the processes any more. */
  #gone: ColoniesError | undefined

  /** @throws ColoniesError `not_allowed`, `bad_request` */
  constructor(call: Call, options: WaitOptions, { reply, settle }: Outcome) {
    const { db, caller, colony, replica } = call
    const { executor } = caller
    if (!executor) throw new ColoniesError('not_allowed', 'Access denied, only executors can be assigned processes')
    this.colony = colony.key
    this.executorId = caller.id
    this.executorName = executor.name
    this.executorType = executor.type
    this.location = executor.location.toLowerCase()
    this.cpu = parseFreeCpu(options.availablecpu)
    this.memory = parseFreeMemory(options.availablemem)
    this.hasNewId = options.assignid === ''
    this.assignId = copyOf(options.assignid) || newId()
    this.slots = options.slots
    this.#call = { db, colony, replica }
    this.#timeoutSeconds = options.timeout
    this.#reply = reply
    this.#settle = settle
  }

  get once(): boolean {
    return this.#timeoutSeconds < 0
  }

  begin(call: Call): void {
    const end = (why?: ColoniesError) => {
      this.#gone = why
      this.#leaveRoom?.()
    }
    call.hold(end)
    const holdMs = Math.min(this.#timeoutSeconds, limits.assignHoldSecondsMax) * 1000
    if (holdMs > 0) this.#timer = setTimeout(end, holdMs)
    this.#leaveRoom = this.#call.replica.hotPath.wait(this)
    if (this.#gone) this.#leaveRoom() // before there was a seat to leave
  }

  take(processes: Claimed[]): boolean {
    this.#end(this.#gone, processes)
    return !this.#gone
  }

  leave(error?: unknown): void {
    this.#end(error, [])
  }

  #end(error: unknown, processes: Claimed[]): void {
    clearTimeout(this.#timer)
    const reply = error === undefined ? this.#reply(this.#call, processes, this.#timeoutSeconds) : Promise.reject(error)
    this.#settle?.(reply)
    this.#settle = undefined
  }
}
