import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Client,
  ClientError,
  type ClientOptions,
  type CloseItem,
  createClient,
  type Outcome as Item,
} from '@colonies/client'
import type { Process } from '@colonies/protocol'
import { nowMs } from './clock.js'
import type { CallRecord, History, Outcome } from './history.js'

/** What a record says beyond who, when and how it ended. */
type Said = Partial<Pick<CallRecord, 'operation' | 'ids' | 'labels' | 'attempt' | 'detail' | 'outcome' | 'code'>>

// biome-ignore lint/suspicious/noExplicitAny: the methods of a client have no type in common
type Method = (input: any, ...others: any[]) => Promise<any>

/** Reads a call's input and answer; of a call without an answer, the input alone. One item for each record. */
// biome-ignore lint/suspicious/noExplicitAny: as above
type Reader = (input: any, answer: any, ...others: any[]) => readonly Said[]

const closed: Reader = ({ processid, attempt, out, errors }) => [
  { ids: [processid], attempt, detail: JSON.stringify(out ?? errors ?? []) },
]
const assigned: Reader = (_, process: Process | undefined) => [process ? given(process) : {}]
const given = ({ processid, attempt, in: input }: Process): Said => {
  return { ids: [processid], attempt, detail: JSON.stringify(input ?? []) }
}

/** How the calls are read whose effects are judged one by one. */
const readers: Record<string, Reader> = {
  submit: ({ spec }, process) => [{ ids: process ? [process.processid] : [], labels: labelsOf([spec]) }],
  submitMany: (_, items: readonly Item[] | undefined, specs) =>
    (specs as { label?: string }[]).map((spec, index) => ({ labels: labelsOf([spec]), ...readItem(items?.[index]) })),
  submitWorkflow: ({ spec }, graph) => [{ ids: graph?.processids ?? [], labels: labelsOf(spec.functionspecs) }],
  addChild: ({ spec }, process) => [{ ids: process ? [process.processid] : [], labels: labelsOf([spec]) }],
  assign: assigned,
  waitForProcess: assigned,
  closeSuccessful: closed,
  closeFailed: closed,
  unassign: closed,
  // Each item is one of the calls that it stands for.
  waitForProcesses: (_, processes: readonly (Process | undefined)[] = []) =>
    (processes.length > 0 ? processes : [undefined]).map((process) => ({
      operation: 'waitForProcess',
      ...(process && given(process)),
    })),
  closeMany: (_, outcomes: readonly Item[] | undefined, closes: readonly CloseItem[]) =>
    closes.map(({ processid, attempt, failed, out, errors }, index) => ({
      operation: failed ? 'closeFailed' : 'closeSuccessful',
      ids: [processid],
      attempt,
      detail: JSON.stringify(out ?? errors ?? []),
      ...failureIn(outcomes?.[index]),
    })),
  addLog: ({ processid, attempt }) => [{ ids: [processid], attempt }],
  setOutput: ({ processid, attempt }) => [{ ids: [processid], attempt }],
  addAttribute: ({ attribute, attempt }) => [{ ids: [attribute.targetid], attempt }],
  packGenerator: ({ generatorid, arg }) => [{ ids: [generatorid], labels: [arg] }],
  packGeneratorMany: ({ generatorid, args }) => [{ ids: [generatorid], labels: args }],
}

const labelsOf = (specs: readonly { label?: string }[]): string[] =>
  specs.flatMap(({ label }) => (label ? [label] : []))

function readItem(item: Item | undefined): Said {
  if (!item) return {}
  const { processid, error } = item
  return { ids: processid && !error ? [processid] : [], ...failureIn(item) }
}

const failureIn = (item: Item | undefined): Said => (item?.error ? failureOf(item.error) : {})

/** A refusal has a status of the 4xx. Any other failure leaves open whether the call took effect. */
function failureOf(error: unknown): { outcome: Outcome; code: string } {
  const { status = 0, code } = error instanceof ClientError ? error : { status: 0, code: undefined }
  const name = error instanceof Error ? error.name : String(error)
  return { outcome: status >= 400 && status < 500 ? 'refused' : 'unknown', code: code ?? `${name} ${status}` }
}

const tries = new AsyncLocalStorage<string[]>()

/** Notes what each request on the wire comes to, for the call that it is made for. */
const countingFetch: NonNullable<ClientOptions['fetch']> = async (url, init) => {
  const said = tries.getStore()
  const started = nowMs()
  const say = (what: string | number) =>
    said?.push(`${new URL(url).port}: ${what} after ${Math.round(nowMs() - started)} ms`)
  try {
    const response = await fetch(url, init)
    say(response.status)
    return response
  } catch (error) {
    const cause = error instanceof Error ? (error.cause as { code?: string } | undefined) : undefined
    say(cause?.code ?? (error instanceof Error ? error.name : String(error)))
    throw error
  }
}

export interface Recording {
  readonly history: History
  readonly colonyname: string
}

/** A client whose calls are all written down, with what it really saw. */
export function recordedClient(recording: Recording, options: ClientOptions): Client {
  return record(recording, createClient({ ...options, fetch: options.fetch ?? countingFetch }))
}

function record(recording: Recording, client: Client): Client {
  const wrap = (name: string, member: unknown) => {
    if (name === 'as') return (key: string) => record(recording, client.as(key))
    return typeof member === 'function' ? recorded(recording, client.id ?? '', name, member as Method) : member
  }
  return Object.fromEntries(Object.entries(client).map(([name, member]) => [name, wrap(name, member)])) as never
}

function recorded({ history, colonyname }: Recording, client: string, operation: string, method: Method): Method {
  const read: Reader = readers[operation] ?? (() => [{}])
  return (...input: Parameters<Method>) => {
    const said: string[] = []
    const answer = tries.run(said, () => method(...input))
    // Channels, and what else only makes something on this side.
    if (!(answer instanceof Promise)) return answer
    const started = nowMs()
    const end = history.begin(client, operation)
    const write = (value: unknown, how: { outcome: Outcome; code?: string }) =>
      end(
        read(input[0], value, ...input.slice(1)).map((one) => ({
          client,
          colony: colonyname,
          operation,
          ids: [],
          labels: [],
          attempt: undefined,
          detail: undefined,
          started,
          ended: nowMs(),
          code: undefined,
          tries: said.length > 1 ? said : [],
          ...how,
          ...one,
        })),
      )
    return answer.then(
      (value) => {
        write(value, { outcome: 'ok' })
        return value
      },
      (error: unknown) => {
        write(undefined, failureOf(error))
        throw error
      },
    )
  }
}
