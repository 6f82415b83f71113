import {
  type ColonyKey,
  createListener,
  type Database,
  type DatabaseConfig,
  notify,
  type ReadyLine,
  readyLines,
} from '@colonies/database'
import type { Metrics } from './http/metrics.js'
import type { Log } from './log.js'

/** What replicas tell each other. Hints may get lost: each only shortens a wait for something that is also looked up. */
export interface HintReceiver {
  /** Another replica says something, whatever it is. */
  heard(): void
  /** Rights changed. */
  directory(): void
  /** Events of this colony were written. */
  changed(colony: ColonyKey): void
  /** Entries were written to channels of processes whose ids end so; '' stands for all. */
  appended(colony: ColonyKey, tags: readonly string[]): void
  /** Processes are ready, and nobody waited for them where they became so. */
  ready(colony: ColonyKey, lines: readonly ReadyLine[]): void
  /** There was no connection for a while: hints may have been missed. */
  missed(): void
}

export interface HintOptions {
  db: Database
  config: DatabaseConfig
  /** Of this replica: what it says itself is not news. */
  replicaId: string
  log: Log
  metrics: Metrics
  receiver: HintReceiver
}

/** What is told; each call returns at once. */
export interface Hints extends Omit<HintReceiver, 'heard' | 'missed' | 'changed'> {
  /** @param others replicas that hear it, as far as is known */
  changed(colony: ColonyKey, others: number): void
  close(): Promise<void>
}

const CHANNEL = 'colonies'
/** How long hints are collected: one notification costs about as much as a small commit. */
const COLLECT_MS = 10
/** At least between two that only say that something has changed: a busy replica would send, and all others read, one each time. */
const CHANGES_MS = 50
/** With more others each tells them less often, so that a replica hears as much of all of them as of so many. */
const OTHERS_FEW = 10
/** As often all of them look for themselves. */
const CHANGES_MS_MAX = 1_000
/** Of one notification; PostgreSQL takes fewer than 8000. */
const PAYLOAD_BYTES_MAX = 7_900
/** Of one colony in one message; more are told as all. */
const TAGS_MAX = 200

/** The priority time as text; older replicas send none, and read none. */
type ReadyTuple = [colony: ColonyKey, executorType: string, count: number, from?: string]

interface Message {
  from: string
  /** Milliseconds on the clock of its sender alone. */
  at?: number
  directory?: boolean
  changed?: ColonyKey[]
  appended?: [colony: ColonyKey, tag: string][]
  ready?: ReadyTuple[]
}

/** Opens the one connection that listens, and collects what is to be told. */
export function createHints({ db, config, replicaId, log, metrics, receiver }: HintOptions): Hints {
  let directory = false
  let changed = new Set<ColonyKey>()
  let appended = new Map<ColonyKey, Set<string>>()
  let ready = new Map<ColonyKey, ReadyLine[]>()
  let timer: NodeJS.Timeout | undefined
  let dueMs = Number.POSITIVE_INFINITY
  let sentMs = Number.NEGATIVE_INFINITY
  let sending = Promise.resolve()

  let lagSeconds = 0
  let connections = 0
  metrics.addGauge('colonies_hint_lag_seconds', 'From sending a hint to hearing it, of the last one.', () => lagSeconds)
  metrics.addCounter('colonies_hint_connections_total', 'Times that listening for hints began.', () => connections)

  const listener = createListener(config, CHANNEL, hear, () => {
    connections += 1
    receiver.missed()
  })

  function hear(payload: string): void {
    try {
      receive(payload)
    } catch (error) {
      // Whoever may use the database may write to the channel.
      log.debug('a hint could not be read', { error })
    }
  }

  function receive(payload: string): void {
    const message = JSON.parse(payload) as Message
    if (message.from === replicaId) {
      lagSeconds = (performance.now() - (message.at ?? performance.now())) / 1000
      return
    }
    receiver.heard()
    if (message.directory) receiver.directory()
    for (const colony of message.changed ?? []) receiver.changed(colony)
    const tags = new Map<ColonyKey, string[]>()
    for (const [colony, tag] of message.appended ?? []) tags.set(colony, [...(tags.get(colony) ?? []), tag])
    for (const [colony, ofColony] of tags) receiver.appended(colony, ofColony)
    for (const [colony, executorType, count, from] of message.ready ?? [])
      receiver.ready(colony, [{ executorType, count, ...(from !== undefined && { from: priorityTimeOf(from) }) }])
  }

  function collect(afterMs = 0): void {
    const nowMs = performance.now()
    const atMs = nowMs + Math.max(COLLECT_MS, afterMs)
    if (atMs >= dueMs) return
    clearTimeout(timer)
    dueMs = atMs
    timer = setTimeout(() => {
      dueMs = Number.POSITIVE_INFINITY
      sentMs = performance.now()
      // One after the other, so that a slow database gets fewer, larger notifications.
      sending = sending.then(send)
    }, atMs - nowMs)
  }

  async function send(): Promise<void> {
    const tagged = [...appended].flatMap(([colony, tags]) =>
      (tags.size > TAGS_MAX ? [''] : [...tags]).map((tag): [ColonyKey, string] => [colony, tag]),
    )
    const message: Message = {
      from: replicaId,
      at: performance.now(),
      directory,
      changed: [...changed],
      appended: tagged,
      ready: [...ready].flatMap(([colony, lines]) =>
        lines.map(({ executorType, count, from }): ReadyTuple => {
          return from === undefined ? [colony, executorType, count] : [colony, executorType, count, String(from)]
        }),
      ),
    }
    directory = false
    changed = new Set()
    appended = new Map()
    ready = new Map()
    try {
      for (const payload of split(message)) await notify(db, CHANNEL, payload)
    } catch (error) {
      log.debug('a hint could not be sent', { error })
    }
  }

  return {
    directory() {
      directory = true
      collect()
    },
    changed(colony, others) {
      changed.add(colony)
      collect(sentMs + changesMs(others) - performance.now())
    },
    appended(colony, tags) {
      const known = appended.get(colony) ?? new Set()
      appended.set(colony, known)
      for (const tag of tags) known.add(tag)
      collect()
    },
    ready(colony, lines) {
      ready.set(colony, readyLines([...(ready.get(colony) ?? []), ...lines]))
      collect()
    },
    async close() {
      clearTimeout(timer)
      await sending
      await listener.close()
    },
  }
}

/** @returns how long a replica waits between two hints that only say that something has changed */
export function changesMs(others: number): number {
  return Math.min(CHANGES_MS_MAX, (CHANGES_MS * Math.max(others, OTHERS_FEW)) / OTHERS_FEW)
}

/** @throws for what is none: claims that begin there would fail */
function priorityTimeOf(text: string): bigint {
  const time = BigInt(text)
  if (BigInt.asIntN(64, time) !== time) throw new RangeError('A priority time has 64 bits')
  return time
}

/** The message in as many payloads as it needs. */
function* split(message: Message): Generator<string> {
  const { from, at, directory, changed = [], appended = [], ready = [] } = message
  const payload = JSON.stringify(message)
  if (Buffer.byteLength(payload) <= PAYLOAD_BYTES_MAX) yield payload
  else if (changed.length + appended.length + ready.length > 1) {
    const lists = [halves(changed), halves(appended), halves(ready)] as const
    yield* split({
      from,
      ...(at !== undefined && { at }),
      changed: lists[0][0],
      appended: lists[1][0],
      ready: lists[2][0],
      ...(directory && { directory }),
    })
    yield* split({ from, changed: lists[0][1], appended: lists[1][1], ready: lists[2][1] })
  }
  // A single executor type with a name of kilobytes is left to the poll of each second.
}

function halves<Item>(items: readonly Item[]): [Item[], Item[]] {
  const middle = Math.ceil(items.length / 2)
  return [items.slice(0, middle), items.slice(middle)]
}
