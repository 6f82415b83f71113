import {
  type ColonyKey,
  createListener,
  type Database,
  type DatabaseConfig,
  notify,
  type ReadyLine,
} from '@colonies/database'
import type { Log } from './log.js'

/** What replicas tell each other. Hints may get lost: each only shortens a wait for something that is also looked up. */
export interface HintReceiver {
  /** Rights changed. */
  directory(): void
  /** Events of this colony were written. */
  changed(colony: ColonyKey): void
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
  receiver: HintReceiver
}

/** What is told; each call returns at once. */
export interface Hints extends Omit<HintReceiver, 'missed'> {
  close(): Promise<void>
}

const CHANNEL = 'colonies'
/** How long hints are collected: one notification costs about as much as a small commit. */
const COLLECT_MS = 10
/** Of one notification; PostgreSQL takes fewer than 8000. */
const PAYLOAD_BYTES_MAX = 7_900

interface Message {
  from: string
  directory?: boolean
  changed?: ColonyKey[]
  ready?: [colony: ColonyKey, executorType: string, count: number][]
}

/** Opens the one connection that listens, and collects what is to be told. */
export function createHints({ db, config, replicaId, log, receiver }: HintOptions): Hints {
  let directory = false
  let changed = new Set<ColonyKey>()
  let ready = new Map<string, [ColonyKey, string, number]>()
  let timer: NodeJS.Timeout | undefined
  let sending = Promise.resolve()

  const listener = createListener(config, CHANNEL, hear, () => receiver.missed())

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
    if (message.from === replicaId) return
    if (message.directory) receiver.directory()
    for (const colony of message.changed ?? []) receiver.changed(colony)
    for (const [colony, executorType, count] of message.ready ?? []) receiver.ready(colony, [{ executorType, count }])
  }

  function collect(): void {
    timer ??= setTimeout(() => {
      timer = undefined
      // One after the other, so that a slow database gets fewer, larger notifications.
      sending = sending.then(send)
    }, COLLECT_MS)
  }

  async function send(): Promise<void> {
    const message: Message = { from: replicaId, directory, changed: [...changed], ready: [...ready.values()] }
    directory = false
    changed = new Set()
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
    changed(colony) {
      changed.add(colony)
      collect()
    },
    ready(colony, lines) {
      for (const { executorType, count } of lines) {
        const key = `${colony}/${executorType}`
        ready.set(key, [colony, executorType, (ready.get(key)?.[2] ?? 0) + count])
      }
      collect()
    },
    async close() {
      clearTimeout(timer)
      await sending
      await listener.close()
    },
  }
}

/** The message in as many payloads as it needs. */
function* split(message: Message): Generator<string> {
  const { from, directory, changed = [], ready = [] } = message
  const payload = JSON.stringify(message)
  if (Buffer.byteLength(payload) <= PAYLOAD_BYTES_MAX) yield payload
  else if (changed.length + ready.length > 1) {
    yield* split({ from, changed: halves(changed)[0], ready: halves(ready)[0], ...(directory && { directory }) })
    yield* split({ from, changed: halves(changed)[1], ready: halves(ready)[1] })
  }
  // A single executor type with a name of kilobytes is left to the poll of each second.
}

function halves<Item>(items: readonly Item[]): [Item[], Item[]] {
  const middle = Math.ceil(items.length / 2)
  return [items.slice(0, middle), items.slice(middle)]
}
