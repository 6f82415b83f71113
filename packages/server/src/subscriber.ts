import type { ColoniesError, HttpOperationName, OperationName, Operations, ServerSide } from '@colonies/protocol'
import type { Call } from './handler.js'

/** The operations that are asked for on `/pubsub`. */
export type SubscriptionName = Exclude<OperationName, HttpOperationName>

/** A connection, as one of its subscriptions sees it. */
export interface Outlet {
  /** Sends one frame: the output of the operation, as JSON text. */
  send(text: string): void
  /** Whether the peer has not taken yet what was sent before: who can wait, should. */
  isFull(): boolean
  /** Calls this once, when it is not full any more. */
  whenRoom(work: () => void): void
  /**
   * Ends the subscription from within; the refusal, if there is one, becomes its last frame.
   *
   * @param connection it ends with its last subscription, unless it `stays` for whatever the peer asks next
   */
  done(refusal?: ColoniesError, connection?: 'stays'): void
}

/**
 * Starts a subscription. Access is settled by then, and `call.signal` is aborted when the connection is gone.
 *
 * @returns what stops it from outside, at once: called when the connection is gone or the replica stops, unless it is done
 */
export type Subscribe<Name extends SubscriptionName> = (
  input: ServerSide<Operations[Name]['input']>,
  call: Call,
  outlet: Outlet,
) => () => void

/** One for each subscription; it does not compile while one is missing. */
export type Subscriptions = { readonly [Name in SubscriptionName]: Subscribe<Name> }
