import { setMaxListeners } from 'node:events'
import { type Client, NotFoundError } from '@colonies/client'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { nowMs } from '../clock.js'
import { pause } from '../monkey.js'
import type { ChaosColony } from '../stage/colony.js'

const HOLD_SECONDS = 600
const CLOSES_AT_ONCE = 32

/** What a poll got, and when. */
interface Arrival {
  readonly client: Client
  readonly attempt: number
  readonly at: number
}

export interface PollersOptions {
  readonly count: number
  /** Each has the same part of the polls, and asks one replica only. */
  readonly executors: readonly { readonly name: string; readonly type: string; readonly endpoint: string }[]
}

/** Long polls that are held until a process comes, and then asked again. */
export class Pollers {
  /** By process. */
  readonly arrivals = new Map<string, Arrival>()
  readonly #colonyname: string
  readonly #stopped = new AbortController()
  readonly #polls: Promise<void>[] = []

  private constructor(colonyname: string) {
    this.#colonyname = colonyname
    setMaxListeners(0, this.#stopped.signal) // each poll listens
  }

  static async start(colony: ChaosColony, { count, executors }: PollersOptions): Promise<Pollers> {
    const pollers = new Pollers(colony.name)
    const owner = colony.client(colony.ownerKey)
    for (const { name, type, endpoint } of executors) {
      const key = generatePrivateKey()
      const executor = { colonyname: colony.name, executorname: name, executorid: identityOf(key), executortype: type }
      await owner.addExecutor({ executor })
      await owner.approveExecutor({ colonyname: colony.name, executorname: name })
      const client = colony.client(key, [endpoint])
      for (let poll = 0; poll < count / executors.length; poll += 1) pollers.#polls.push(pollers.#ask(client))
    }
    return pollers
  }

  /** @returns those of these processes that came to nobody in this time */
  async untilArrived(ids: readonly string[], ms: number): Promise<string[]> {
    const missing = () => ids.filter((id) => !this.arrivals.has(id))
    // sleeps: arrivals are many, and nobody waits for one of them
    for (const end = nowMs() + ms; nowMs() < end && missing().length > 0; ) await pause(20)
    return missing()
  }

  async closeAll(): Promise<void> {
    const open = [...this.arrivals]
    const close = async () => {
      for (let one = open.pop(); one; one = open.pop()) {
        const [processid, { client, attempt }] = one
        await client.closeSuccessful({ processid, attempt })
      }
    }
    await Promise.all(Array.from({ length: CLOSES_AT_ONCE }, close))
  }

  /** Callers hang up. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await Promise.all(this.#polls)
  }

  async #ask(client: Client): Promise<void> {
    const { signal } = this.#stopped
    while (!signal.aborted) {
      try {
        const { processid, attempt = 0 } = await client.assign(
          { colonyname: this.#colonyname, timeout: HOLD_SECONDS },
          { signal },
        )
        this.arrivals.set(processid, { client, attempt, at: nowMs() })
      } catch (error) {
        if (!signal.aborted && !(error instanceof NotFoundError)) throw error
      }
    }
  }
}
