import { type Client, type ClientError, InvalidError } from '@colonies/client'
import { limits } from '@colonies/protocol'
import { UsageError } from '../exit-codes.js'
import { type LineOptions, type Wish, wishOf } from './line-specs.js'
import type { Line } from './read-lines.js'

/** What became of one line. */
export interface LineOutcome {
  readonly line: number
  /** Undefined for what was not submitted, as far as is known. */
  readonly processid: string | undefined
  /** UsageError when it is the line that is wrong; of the connection, the key or the server otherwise. */
  readonly error: UsageError | ClientError | undefined
}

export interface SubmitLinesOptions extends LineOptions {
  readonly client: Client
  /** Go on behind lines that are wrong. Without it, the first of them is the last outcome, and nothing from it on is sent. */
  readonly keepGoing: boolean
}

const bounds = { items: limits.batchItemsMax, characters: 4 * 1024 * 1024, atOnce: 4 }

/**
 * Submits specs as their lines come, some batches at a time.
 *
 * @returns outcomes in the order of the lines, a batch at a time. Once its reader has enough, no more is sent; it ends when
 * what was sent has been answered.
 */
export async function* submitLines(
  lines: AsyncIterable<Line>,
  options: SubmitLinesOptions,
): AsyncGenerator<LineOutcome[], void, undefined> {
  const underWay: Promise<LineOutcome[]>[] = []
  try {
    for await (const batch of batchesOf(lines, options)) {
      const sent = send(batch, options)
      sent.catch(() => {}) // thrown when its turn comes
      underWay.push(sent)
      if (underWay.length === bounds.atOnce) yield (await underWay.shift()) ?? []
    }
    while (underWay.length > 0) yield (await underWay.shift()) ?? []
  } finally {
    await Promise.allSettled(underWay)
  }
}

/** A line to submit, or one that is wrong. */
type Entry = Wish | (LineOutcome & { readonly error: UsageError })

async function* batchesOf(
  lines: AsyncIterable<Line>,
  options: SubmitLinesOptions,
): AsyncGenerator<Entry[], void, undefined> {
  let batch: Entry[] = []
  let characters = 0
  for await (const line of lines) {
    const entry = read(line, options)
    const length = isWish(entry) ? entry.length : 0
    if (batch.length > 0 && (batch.length === bounds.items || characters + length > bounds.characters)) {
      yield batch
      batch = []
      characters = 0
    }
    batch.push(entry)
    characters += length
    if (!isWish(entry) && !options.keepGoing) break
  }
  if (batch.length > 0) yield batch
}

function read(line: Line, options: LineOptions): Entry {
  try {
    return wishOf(line, options)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    return { line: line.number, processid: undefined, error }
  }
}

function isWish(entry: Entry): entry is Wish {
  return 'spec' in entry
}

async function send(batch: Entry[], options: SubmitLinesOptions): Promise<LineOutcome[]> {
  const wishes = batch.filter(isWish)
  const requestids = wishes.map(({ requestid }) => requestid)
  const specs = wishes.map(({ spec }) => spec)
  const outcomes = await options.client.submitMany(options.colonyname, specs, { requestids })
  const byLine = new Map(wishes.map(({ line }, place) => [line, outcomes[place]]))
  return batch.map((entry) => {
    if (!isWish(entry)) return entry
    const { line } = entry
    const { processid, error } = byLine.get(line) ?? {}
    return { line, processid, error: error instanceof InvalidError ? refusedLine(line, error, options) : error }
  })
}

/** The server counts the items of its batch, which nobody has seen. */
function refusedLine(line: number, error: InvalidError, { name }: LineOptions): UsageError {
  return new UsageError(`${name}:${line}: ${error.message.replace(/^items\[\d+\]\.?/, '')}`, { cause: error })
}
