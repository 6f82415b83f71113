import type { ColoniesError, HttpOperationName, OperationName, Operations, ServerSide } from '@colonies/protocol'
import type { Call } from './handler.js'

/** The operations that are asked for on `/pubsub`. */
export type SubscriptionName = Exclude<OperationName, HttpOperationName>

/** Sends one frame: the output of the operation, as JSON text. */
export type SendFrame = (text: string) => void

/** Ends a subscription from within; the refusal, if there is one, becomes its last frame. */
export type EndSubscription = (refusal?: ColoniesError) => void

/**
 * Starts a subscription. Access is settled by then, and `call.signal` is aborted when the connection is gone.
 *
 * @returns what stops it from outside, at once: called when the connection is gone or the replica stops, unless `done` was
 */
export type Subscribe<Name extends SubscriptionName> = (
  input: ServerSide<Operations[Name]['input']>,
  call: Call,
  send: SendFrame,
  done: EndSubscription,
) => () => void

/** One for each subscription; it does not compile while one is missing. */
export type Subscriptions = { readonly [Name in SubscriptionName]: Subscribe<Name> }
