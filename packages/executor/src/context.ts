import { type Channel, type Client, ClientError, listOf } from '@colonies/client'
import { AttributeType, type FunctionSpec, type JsonValue, type Process } from '@colonies/protocol'
import { objectOf } from './arguments.js'
import type { HeldProcess } from './held-process.js'
import type { LogQueue } from './log-queue.js'

/** What a handler knows of its process, and what it can do for it. */
export interface Context {
  readonly process: Process
  readonly args: readonly JsonValue[]
  readonly kwargs: { readonly [key: string]: JsonValue }
  /** The outputs of the parents, one after another; empty outside of workflows. */
  readonly input: readonly JsonValue[]
  /** From 1; higher after a lost lease. */
  readonly attempt: number
  /** Aborted when the process is not ours any more or the executor stops: LostProcess or ExecutorStopping is the reason. */
  readonly signal: AbortSignal
  /** The executor's own. */
  readonly client: Client

  /** Adds to the log of the process. Never fails; all lines are handed in before the process is closed. */
  log(text: string): Promise<void>

  /**
   * Replaces the output before the end, for those who watch. What the handler returns replaces it, unless that is nothing.
   *
   * @throws ClientError, LostProcess
   */
  setOutput(values: JsonValue[]): Promise<void>

  /**
   * Adds a process below this one, which has to be a node of a workflow.
   *
   * @param place `insert`: takes over all children of this node; `childprocessid`: comes before that child
   * @throws ClientError, LostProcess
   */
  addChild(spec: FunctionSpec, place?: { insert?: boolean; childprocessid?: string }): Promise<Process>

  /** Attaches a key and value to the process, once for each key. @throws ClientError, LostProcess */
  addAttribute(key: string, value: string): Promise<void>

  /**
   * A channel to whoever submitted the process, one of the names in its function spec. What a lost attempt still says is
   * refused, and loops over the channel end with the signal.
   */
  channel(name: string): Channel
}

export function createContext(client: Client, held: HeldProcess, logs: LogQueue): Context {
  const { process, signal } = held
  const { processid, attempt, spec } = process
  const { colonyname } = spec.conditions
  return {
    process,
    signal,
    client,
    attempt,
    args: listOf(spec.args),
    kwargs: objectOf(spec.kwargs),
    input: listOf(process.in),
    log: (text) => logs.add(text),

    async setOutput(out) {
      await noticeLoss(held, () => client.setOutput({ processid, out, attempt }))
    },

    addChild: (child, place = {}) =>
      noticeLoss(held, () =>
        client.addChild({
          processgraphid: process.processgraphid,
          parentprocessid: processid,
          attempt,
          spec: { ...child, conditions: { ...child.conditions, colonyname } },
          ...place,
        }),
      ),

    async addAttribute(key, value) {
      const attribute = {
        targetid: processid,
        targetcolonyname: colonyname,
        attributetype: AttributeType.out,
        key,
        value,
      }
      await noticeLoss(held, () => client.addAttribute({ attribute, attempt }))
    },

    channel: (name) => channelOf(client, held, name),
  }
}

function channelOf(client: Client, held: HeldProcess, name: string): Channel {
  const { processid, attempt } = held.process
  const channel = client.channel(processid, name, { attempt })
  const follow: Channel['follow'] = ({ signal, ...options } = {}) =>
    channel.follow({ ...options, signal: signal ? AbortSignal.any([held.signal, signal]) : held.signal })
  return {
    ...channel,
    append: (payload, options) => noticeLoss(held, () => channel.append(payload, options)),
    read: (options) => noticeLoss(held, () => channel.read(options)),
    follow,
    [Symbol.asyncIterator]: () => follow(),
  }
}

/**
 * Does a call for a process; when it shows that the process is lost, the handler is told as well.
 *
 * @throws LostProcess where that is known
 */
export async function noticeLoss<Result>(held: HeldProcess, call: () => Promise<Result>): Promise<Result> {
  if (held.isLost) throw held.signal.reason
  try {
    return await call()
  } catch (error) {
    if (error instanceof ClientError && (error.code === 'lease_lost' || error.code === 'not_running')) {
      held.lose(error.message)
    }
    throw error
  }
}
