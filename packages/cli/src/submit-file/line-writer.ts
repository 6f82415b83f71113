import { ClientError } from '@colonies/client'
import { encodeJson } from '@colonies/protocol'
import { errorName } from '../exit-codes.js'
import type { Io } from '../io.js'
import type { Output } from '../output.js'
import type { LineOutcome } from './submit-lines.js'

/** Prints outcomes as they come. */
export interface LineWriter {
  write(outcome: LineOutcome): void
  /** What was printed is whole with this. */
  end(): void
}

/** For people and as `id`, the ids of processes; for programs, a list that tells of the lines that failed, too. */
export function lineWriter(out: Output, io: Io): LineWriter {
  if (out.format === 'json') return listWriter(out, { begin: '[\n  ', between: ',\n  ', end: '\n]\n' })
  if (out.format === 'yaml') return listWriter(out, { begin: '- ', between: '\n- ', end: '\n' }) // JSON is YAML, too
  // At a terminal, nobody reads so many.
  const silent = out.format === 'table' && io.stdout.isTTY === true
  return { write: ({ processid }) => !silent && processid && out.write(`${processid}\n`), end: () => {} }
}

interface Punctuation {
  readonly begin: string
  readonly between: string
  readonly end: string
}

function listWriter(out: Output, { begin, between, end }: Punctuation): LineWriter {
  let isEmpty = true
  return {
    write(outcome) {
      out.write(`${isEmpty ? begin : between}${rowOf(outcome)}`)
      isEmpty = false
    },
    end: () => out.write(isEmpty ? '[]\n' : end),
  }
}

function rowOf({ line, processid, error }: LineOutcome): string {
  if (!error) return encodeJson({ line, processid: processid ?? '' })
  const { message, cause } = error
  const refusal = cause instanceof ClientError ? cause : error
  const status = refusal instanceof ClientError ? refusal.status : 0
  return encodeJson({ line, error: { code: errorName(refusal), status, message } })
}
