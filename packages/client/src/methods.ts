import {
  type ClientReply,
  type ClientSide,
  type HttpOperationName,
  type OperationName,
  type Operations,
  operations,
} from '@colonies/protocol'
import { type Caller, type CallOptions, call } from './call.js'
import { type Subscription, subscribe } from './subscribe.js'
import type { WireOperation } from './wire-operation.js'

/** What an operation is asked with. */
export type Input<Name extends OperationName> = ClientSide<Operations[Name]['input']>
/** What an operation answers with. Lists that the server leaves null are empty. */
export type Output<Name extends OperationName> = ClientReply<Operations[Name]['output']>

type SubscriptionName = Exclude<OperationName, HttpOperationName>

/**
 * One method for every operation of the protocol, by its name in the registry. All throw ClientError.
 *
 * `assign` and `assignBatch` are raw: where no process came, `assign` throws NotFoundError; `waitForProcess` does not.
 */
export type Methods = {
  [Name in HttpOperationName]: (input: Input<Name>, options?: CallOptions) => Promise<Output<Name>>
} & {
  [Name in SubscriptionName]: (input: Input<Name>, options?: CallOptions) => Subscription<Output<Name>>
}

export function createMethods(caller: Caller): Methods {
  const methods = Object.entries(operations).map(([name, operation]: [string, WireOperation]) => [
    name,
    operation.transport === 'websocket'
      ? (input: object, options?: CallOptions) => subscribe(caller, operation, input, options)
      : (input: object, options?: CallOptions) => call(caller, operation, input, options),
  ])
  // The loop gives each name the function that the type promises, since both are made from the same registry.
  return Object.fromEntries(methods) as Methods
}
