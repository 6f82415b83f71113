import { randomBytes } from 'node:crypto'
import { limits } from '@colonies/protocol'
import { StoppedError, UsageError } from '../exit-codes.js'
import { formatMs } from '../format-time.js'
import type { Session } from '../session.js'
import { nameOf, readPieces } from '../spec-file.js'
import { StatusLine } from '../status-line.js'
import { lineWriter } from './line-writer.js'
import { type Line, readLines } from './read-lines.js'
import { type LineOutcome, submitLines } from './submit-lines.js'

export interface SubmitFileOptions {
  /** The name of a file with a function spec in JSON in each line; `-` is standard input. */
  readonly file: string
  readonly lenient: boolean
  readonly label: string
  /** The first line to submit, from 1. */
  readonly fromLine: number
  readonly keepGoing: boolean
  /** Name of the run; one is made up where it is empty. */
  readonly resume: string
}

/** Failures that are kept to be told at the end; those beyond are only counted. */
const failuresToldMax = 1000
const resumeLengthMax = 100

/**
 * Submits each line of a file, and prints the ids of the processes in the order of the lines. Neither the file nor the ids
 * are held in memory.
 *
 * @throws UsageError; StoppedError when it ended before the file did; Error when lines were left out on the way
 */
export async function submitFile(options: SubmitFileOptions, session: Session): Promise<void> {
  const { io, out, colonyname, patientMember: client } = session
  const name = nameOf(options.file)
  const resume = options.resume || randomBytes(6).toString('hex')
  if (resume.length > resumeLengthMax)
    throw new UsageError(`--resume has more than ${resumeLengthMax} characters, "${resume.slice(0, 16)}...".`)
  const status = new StatusLine(io, out.format !== 'table')
  const writer = lineWriter(out, io)
  const tally = new Tally(options.fromLine)
  const begun = () => {
    const sentence = `Submitting ${name}. After an interruption, --resume ${resume} goes on with it, and submits nothing twice.`
    // Should this be killed, nothing else tells a name that was made up here.
    if (options.resume === '') out.warn(sentence)
    else out.say(sentence)
  }
  const lines = from(options.fromLine, readLines(readPieces(options.file, io), limits.bodyBytesMax), begun)
  io.onUnread?.(() => `${soFar(tally.nextLine, tally)} ${goOn('Go on', tally.nextLine, resume)}`)
  try {
    for await (const outcomes of submitLines(lines, { ...options, name, resume, colonyname, client })) {
      for (const outcome of outcomes) {
        writer.write(outcome)
        if (isEnd(outcome, options)) throw stoppedBy(outcome, tally, resume)
        tally.count(outcome)
      }
      status.show((ms) => tally.describe(ms))
    }
  } finally {
    writer.end()
    status.end()
  }
  io.onUnread?.(undefined)
  if (tally.failed === 0) out.say(`Submitted ${tally.describe(status.ms)}.`)
  else throw failuresOf(tally, session, resume)
}

/** Counts lines by what became of them. */
class Tally {
  submitted = 0
  failed = 0
  /** Nothing is known of this line and those behind it. */
  nextLine: number
  readonly reasons: string[] = []

  constructor(fromLine: number) {
    this.nextLine = fromLine
  }

  count({ line, error }: LineOutcome): void {
    this.nextLine = line + 1
    if (error) this.failed += 1
    else this.submitted += 1
    if (error && this.reasons.length < failuresToldMax) this.reasons.push(error.message)
  }

  describe(ms: number): string {
    const refused = this.failed > 0 ? `, ${this.failed} refused` : ''
    return `${countOf(this.submitted)}${refused}, ${Math.round(this.submitted / (ms / 1000))} per second, ${formatMs(ms)}`
  }
}

/** @param begun is called before the first line that is given */
async function* from(
  first: number,
  lines: AsyncIterable<Line>,
  begun: () => void,
): AsyncGenerator<Line, void, undefined> {
  let isFirst = true
  for await (const line of lines) {
    if (line.number < first) continue
    if (isFirst) begun()
    isFirst = false
    yield line
  }
}

/** A line that is wrong says nothing about the next one. What fails for another reason would fail for it, too. */
function isEnd({ error }: LineOutcome, { keepGoing }: SubmitFileOptions): boolean {
  return error !== undefined && !(keepGoing && error instanceof UsageError)
}

function stoppedBy({ line, error }: LineOutcome, tally: Tally, resume: string): StoppedError {
  const verb = error instanceof UsageError ? 'Correct the line and go on' : 'Go on'
  return new StoppedError(`${soFar(line, tally)} ${goOn(verb, line, resume)}`, { cause: error })
}

function soFar(line: number, { submitted }: Tally): string {
  return `Submitted before line ${line}: ${countOf(submitted)}.`
}

function goOn(verb: string, line: number, resume: string): string {
  return `${verb} with --from-line ${line} --resume ${resume}.`
}

function failuresOf({ submitted, failed, reasons }: Tally, { out }: Session, resume: string): Error {
  // Lists for programs have them already.
  if (out.format === 'table' || out.format === 'id') {
    for (const reason of reasons) out.warn(reason)
    if (failed > reasons.length) out.warn(`... and ${failed - reasons.length} more; --json tells of all.`)
  }
  const [what, it] = failed === 1 ? ['One line was', 'it'] : [`${failed} lines were`, 'them']
  // The number of a line is part of its name in the run.
  const way =
    submitted === 0
      ? `Correct ${it} and give the same command again.`
      : `Correct ${it}, leave all other lines as they are, and give the same command with --resume ${resume}: only what was ` +
        'refused is submitted.'
  return new Error(`${what} refused, ${countOf(submitted)} submitted. ${way}`)
}

function countOf(processes: number): string {
  return processes === 1 ? 'one process' : `${processes} processes`
}
