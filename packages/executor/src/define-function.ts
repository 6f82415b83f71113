import type { JsonValue } from '@colonies/protocol'
import type { ArgumentSpec, ArgumentValues } from './arguments.js'
import type { Context } from './context.js'

/** An array is the list of outputs, undefined none, anything else the only output. */
// biome-ignore lint/suspicious/noConfusingVoidType: handlers without a return statement are handlers
export type HandlerResult = JsonValue | undefined | void

/** Runs one process. What it throws fails the process; FailProcess gives several reasons. */
export type Handler<Values extends readonly unknown[] = never[]> = (
  context: Context,
  ...values: Values
) => HandlerResult | Promise<HandlerResult>

/** What an executor can do for others. */
export interface ExecutorFunction {
  /** The `funcname` of the processes that it runs. */
  readonly name: string
  readonly description: string
  readonly args: readonly ArgumentSpec[]
  readonly handler: Handler
}

interface Definition {
  name: string
  description?: string
}

/**
 * Defines a function of an executor.
 *
 * Arguments are checked against `args` before the handler is called, and come in their order, followed by those that are not
 * described. Without `args` the handler gets what the caller sent, unchecked.
 *
 * A handler that computes for long without awaiting anything also holds up heartbeats, and after a minute without them the
 * process goes to another executor: let it await something now and then, or give the work to a worker thread.
 *
 * @example
 * const add = defineFunction(
 *   { name: 'add', args: [{ name: 'a', type: 'number', required: true }, { name: 'b', type: 'number', required: true }] },
 *   (_context, a, b) => a + b,
 * )
 */
export function defineFunction<const Specs extends readonly ArgumentSpec[]>(
  definition: Definition & { args: Specs },
  handler: Handler<[...ArgumentValues<Specs>, ...never[]]>,
): ExecutorFunction
export function defineFunction(definition: Definition, handler: Handler): ExecutorFunction
export function defineFunction(
  { name, description = '', args = [] }: Definition & { args?: readonly ArgumentSpec[] },
  handler: Handler,
): ExecutorFunction {
  return { name, description, args, handler }
}
