import { type FunctionSpec, limits } from '@colonies/protocol'
import type { CallOptions } from './call.js'
import { AbortedError, ClientError, refusalError } from './errors.js'
import type { Input, Methods } from './methods.js'

/** What became of one item; either it has an error or it was done. */
export interface Outcome {
  /** Undefined for what was not submitted. */
  processid: string | undefined
  error: ClientError | undefined
}

export type CloseItem = Input<'closeBatch'>['items'][number]

export interface SubmitManyOptions extends CallOptions {
  /** One for each spec. Under the same one, the same caller submits nothing twice within a day, also by another call. */
  requestids?: readonly string[] | undefined
}

export interface BatchMethods {
  /**
   * Submits any number of function specs to one colony, many under each signature.
   *
   * @returns outcomes in the order of the specs. Where a request failed whole, each of its items has the same error, and so
   * have the items behind it, which were not sent; only an item too large for a request of its own stands alone.
   * @throws AbortedError
   */
  submitMany(colonyname: string, specs: readonly FunctionSpec[], options?: SubmitManyOptions): Promise<Outcome[]>

  /** Closes any number of processes of one colony. @returns outcomes as `submitMany` does; @throws AbortedError */
  closeMany(colonyname: string, items: readonly CloseItem[], options?: CallOptions): Promise<Outcome[]>
}

interface ItemReply {
  processid: string
  status: number
  message: string
  code: string
}

export function createBatchMethods(methods: Methods): BatchMethods {
  return {
    submitMany: (colonyname, specs, { requestids = [], ...options } = {}) =>
      inChunks(
        specs.map((spec, place) => ({ spec, requestid: requestids[place] ?? '' })),
        (items) => methods.submitBatch({ colonyname, items }, options),
      ),
    async closeMany(colonyname, items, options) {
      const outcomes = await inChunks(items, (chunk) => methods.closeBatch({ colonyname, items: chunk }, options))
      return outcomes.map(({ error }, index) => ({ processid: items[index]?.processid, error }))
    },
  }
}

async function inChunks<Item>(
  items: readonly Item[],
  send: (chunk: Item[]) => Promise<ItemReply[]>,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  let size: number = limits.batchItemsMax
  while (outcomes.length < items.length) {
    const chunk = items.slice(outcomes.length, outcomes.length + size)
    try {
      outcomes.push(...(await send(chunk)).map(outcomeOf))
    } catch (error) {
      if (!(error instanceof ClientError) || error instanceof AbortedError) throw error
      if (error.status === tooLarge && chunk.length > 1) {
        size = Math.ceil(chunk.length / 2)
        continue
      }
      // An item that is too large alone is no reason against the others.
      const refused = error.status === tooLarge ? chunk : items.slice(outcomes.length)
      size = limits.batchItemsMax
      outcomes.push(...refused.map(() => ({ processid: undefined, error })))
    }
  }
  return outcomes
}

const tooLarge = 413

function outcomeOf({ processid, status, message, code }: ItemReply): Outcome {
  if (status === 0) return { processid, error: undefined }
  const error = refusalError(message, { status, code, retryAfterMs: undefined })
  return { processid: processid || undefined, error }
}
