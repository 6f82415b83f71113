import { ColoniesError, State } from '@colonies/protocol'

/** All that may happen to a process, and what it leads to. `undefined` is the state before the submit. */
export const arrows = [
  { event: 'submit', from: undefined, to: State.waiting },
  { event: 'dispatch', from: undefined, to: State.running },
  { event: 'assign', from: State.waiting, to: State.running },
  { event: 'close successful', from: State.running, to: State.success },
  { event: 'close failed', from: State.running, to: State.failed },
  { event: 'release', from: State.running, to: State.waiting },
  { event: 'unassign', from: State.running, to: State.waiting },
  { event: 'maxexectime', from: State.running, to: State.failed },
  { event: 'maxwaittime', from: State.waiting, to: State.failed },
  { event: 'parent failed', from: State.waiting, to: State.failed },
  { event: 'cancel', from: State.waiting, to: State.cancelled },
  { event: 'cancel running', from: State.running, to: State.cancelled },
] as const

export type ProcessEvent = (typeof arrows)[number]['event']

/** The state after an event; undefined when no such arrow is drawn. */
export function nextState(from: State | undefined, event: ProcessEvent): State | undefined {
  return arrows.find((arrow) => arrow.event === event && arrow.from === from)?.to
}

export function mayMove(from: State | undefined, to: State): boolean {
  return arrows.some((arrow) => arrow.from === from && arrow.to === to)
}

/** Success, failed and cancelled are never left. */
export function isTerminal(state: number): boolean {
  return state === State.success || state === State.failed || state === State.cancelled
}

/** Checks a state that somebody asks for. @throws ColoniesError `bad_request` */
export function checkState(state: number): void {
  if (state < State.waiting || state > State.cancelled)
    throw new ColoniesError('bad_request', `state must be 0 to 4, got ${state}`)
}

/** The numbers of a graph's nodes by state. */
export interface GraphCounts {
  total: number
  success: number
  failed: number
  cancelled: number
  /** Whether any node was ever assigned. */
  started: boolean
}

/** The state of a graph: the same rule as the generated column of the table `graphs`. */
export function graphState({ total, success, failed, cancelled, started }: GraphCounts): State {
  if (failed > 0) return State.failed
  if (cancelled > 0) return State.cancelled
  if (success === total) return State.success
  return started || success > 0 ? State.running : State.waiting
}
