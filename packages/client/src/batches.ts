import { newId } from '@colonies/identity'
import { type FunctionSpec, limits } from '@colonies/protocol'
import { type CallOptions, type Connection, isTransient, jitteredMs } from './call.js'
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

export interface CloseManyOptions extends CallOptions {
  /** Whether items that the server could not take just then are sent again; true when left out. */
  retryItems?: boolean | undefined
}

export interface BatchMethods {
  /**
   * Submits any number of function specs to one colony, many under each signature. Items that the server could not take just
   * then are sent again, for as long as a call of their own would be.
   *
   * @returns outcomes in the order of the specs. Where a request failed whole, each of its items has the same error, and so
   * have the items behind it, which were not sent; only an item too large for a request of its own stands alone.
   * @throws AbortedError
   */
  submitMany(colonyname: string, specs: readonly FunctionSpec[], options?: SubmitManyOptions): Promise<Outcome[]>

  /** Closes any number of processes of one colony, as `submitMany` submits. @throws AbortedError */
  closeMany(colonyname: string, items: readonly CloseItem[], options?: CloseManyOptions): Promise<Outcome[]>
}

interface ItemReply {
  processid: string
  status: number
  message: string
  code: string
}

export function createBatchMethods(
  { retry, clock }: Pick<Connection, 'retry' | 'clock'>,
  methods: Methods,
): BatchMethods {
  return {
    submitMany: (colonyname, specs, { requestids = [], ...options } = {}) =>
      inChunks(
        // Made here, so that an item has the same one when it is sent again.
        specs.map((spec, place) => ({ spec, requestid: requestids[place] || newId() })),
        patiently({ retry, clock, signal: options.signal }, (items) =>
          methods.submitBatch({ colonyname, items }, options),
        ),
      ),
    async closeMany(colonyname, items, { retryItems = true, ...options } = {}) {
      const patience = { retry: retryItems ? retry : { ...retry, forMs: 0 }, clock, signal: options.signal }
      const outcomes = await inChunks(
        items,
        patiently(patience, (chunk) => methods.closeBatch({ colonyname, items: chunk }, options)),
      )
      return outcomes.map(({ error }, index) => ({ processid: items[index]?.processid, error }))
    },
  }
}

interface Patience extends Pick<Connection, 'retry' | 'clock'> {
  readonly signal: AbortSignal | undefined
}

/**
 * @returns a function that sends items, and again those that the server could not take just then, while there is time
 * @throws what the first request does; AbortedError
 */
function patiently<Item>({ retry, clock, signal }: Patience, send: (items: Item[]) => Promise<ItemReply[]>) {
  return async (items: Item[]): Promise<Outcome[]> => {
    const outcomes = outcomesOf(await send(items))
    const giveUpAtMs = clock.now() + retry.forMs
    for (let pauses = 0; retry.forMs > 0; pauses++) {
      const left = items.flatMap((item, place) => (isTransient(outcomes[place]?.error) ? [{ item, place }] : []))
      const pauseMs = jitteredMs(retry, pauses, clock)
      if (left.length === 0 || clock.now() + pauseMs > giveUpAtMs) break
      await clock.pause(pauseMs, signal)
      const again = await send(left.map(({ item }) => item)).then(outcomesOf, (error: unknown) =>
        failed(left.length, error),
      )
      for (const [at, { place }] of left.entries()) {
        const outcome = again[at]
        if (outcome) outcomes[place] = outcome
      }
    }
    return outcomes
  }
}

/** @param send is given as many items as one request may have; when it throws for its length, fewer */
async function inChunks<Item>(items: readonly Item[], send: (chunk: Item[]) => Promise<Outcome[]>): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  let size: number = limits.batchItemsMax
  while (outcomes.length < items.length) {
    const chunk = items.slice(outcomes.length, outcomes.length + size)
    try {
      outcomes.push(...(await send(chunk)))
    } catch (error) {
      const isTooLarge = error instanceof ClientError && error.status === tooLarge
      if (isTooLarge && chunk.length > 1) {
        size = Math.ceil(chunk.length / 2)
        continue
      }
      // An item that is too large alone is no reason against the others.
      outcomes.push(...failed(isTooLarge ? 1 : items.length - outcomes.length, error))
      size = limits.batchItemsMax
    }
  }
  return outcomes
}

const tooLarge = 413

/** @throws what is not about the items */
function failed(count: number, error: unknown): Outcome[] {
  if (!(error instanceof ClientError) || error instanceof AbortedError) throw error
  return Array.from({ length: count }, () => ({ processid: undefined, error }))
}

function outcomesOf(replies: ItemReply[]): Outcome[] {
  return replies.map(({ processid, status, message, code }) => {
    if (status === 0) return { processid, error: undefined }
    const error = refusalError(message, { status, code, retryAfterMs: undefined })
    return { processid: processid || undefined, error }
  })
}
