import { appendFileSync } from 'node:fs'
import { nowMs } from './clock.js'

/** What a caller knows about its call: it was done, it was not done, or nobody can tell. */
export type Outcome = 'ok' | 'refused' | 'unknown'

/** One call of one client, with all that its library did to get an answer. */
export interface CallRecord {
  /** Id of the identity that signed. */
  readonly client: string
  readonly colony: string
  /** A method of the client, such as `submit`. */
  readonly operation: string
  /** Processes, or generators, that were named in the call or, where it made them, in its answer. */
  readonly ids: readonly string[]
  /** What the caller calls the things that it makes, unique in its colony: by it they are found without an answer. */
  readonly labels: readonly string[]
  readonly attempt: number | undefined
  /** JSON: what was handed in by a close, the input of what was assigned. */
  readonly detail: string | undefined
  /** Milliseconds, by `nowMs`. */
  readonly started: number
  readonly ended: number
  readonly outcome: Outcome
  /** Of a refusal, or what the last try failed with. */
  readonly code: string | undefined
  /** Of each request on the wire, when it took more than one: the port, a status or why there was none, and after how long. */
  readonly tries: readonly string[]
}

/** Names of the calls that make processes, and of those that end them. */
export const submits: readonly string[] = ['submit', 'submitMany', 'submitWorkflow', 'addChild']
export const closes: readonly string[] = ['closeSuccessful', 'closeFailed']

const none: readonly string[] = []

/** All that clients saw, those of each client in the order in which its calls ended. */
export class History {
  readonly records: CallRecord[] = []
  /** Clients that were killed: their last calls are not here. */
  readonly killed = new Set<string>()
  readonly #open = new Map<number, { client: string; operation: string; started: number }>()
  readonly #texts = new Map<string, string>()
  readonly #file: string | undefined
  #calls = 0
  #submitted = 0
  #closed = 0

  /** @param file to which each record is appended as a line of JSON */
  constructor(file?: string) {
    this.#file = file
  }

  /** Processes whose submit was acknowledged. */
  get submitted(): number {
    return this.#submitted
  }

  /** Processes whose close was acknowledged. */
  get closed(): number {
    return this.#closed
  }

  /** Calls that have not ended yet. */
  get open(): { client: string; operation: string; started: number }[] {
    return [...this.#open.values()]
  }

  /** @returns what has to be called when the call has ended, with one record, or one for each item of a batch */
  begin(client: string, operation: string): (records: readonly CallRecord[]) => void {
    const call = this.#calls++
    this.#open.set(call, { client, operation, started: nowMs() })
    return (records) => {
      this.#open.delete(call)
      this.add(records)
    }
  }

  add(records: readonly CallRecord[]): void {
    for (const record of records) {
      this.records.push(this.#lean(record))
      if (record.outcome !== 'ok') continue
      if (submits.includes(record.operation)) this.#submitted += record.ids.length
      if (closes.includes(record.operation)) this.#closed += 1
    }
    if (this.#file) appendFileSync(this.#file, records.map((record) => `${JSON.stringify(record)}\n`).join(''))
  }

  /** Hours of a load are millions of records: each text is kept once, and not the answer that it was cut out of. */
  #lean(record: CallRecord): CallRecord {
    const { client, ids, labels, tries, detail } = record
    const all = (texts: readonly string[]) => (texts.length === 0 ? none : texts.map((text) => this.#text(text)))
    const own = { client: this.#text(client), ids: all(ids), labels: all(labels), tries: all(tries) }
    // Other languages write null where there is none.
    return { ...record, ...own, detail: typeof detail === 'string' ? this.#text(detail) : undefined }
  }

  #text(text: string): string {
    const known = this.#texts.get(text)
    if (known !== undefined) return known
    const own = Buffer.from(text).toString()
    this.#texts.set(own, own)
    return own
  }

  /** Writes down, for whoever reads the file, what was broken and when. */
  note(struck: { readonly name: string; readonly at: number }): void {
    if (this.#file) appendFileSync(this.#file, `${JSON.stringify({ struck })}\n`)
  }

  /** Takes over what another process has written. Its last line may be cut where it was killed. */
  addLines(text: string): void {
    const whole = text.slice(0, text.lastIndexOf('\n') + 1)
    this.add(whole.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as CallRecord])))
  }
}
