import { writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { type Client, ClientError, NotFoundError } from '@colonies/client'
import { nowMs } from '../clock.js'
import { History } from '../history.js'
import { pause } from '../monkey.js'
import { recordedClient } from '../recorded-client.js'
import { keptFetch } from './kept-fetch.js'
import type { Arrival, PollerProcessOptions, ToPollers } from './pollers.js'

// Long polls, in a process of their own: what their replies cost here must not be taken for what they cost the server.

const HOLD_SECONDS = 600
const CLOSES_AT_ONCE = 32
/** Polls begin one after the other, so that the server is not asked for all of them in one moment. */
const STARTS_AT_ONCE = 50

const options = JSON.parse(process.env.COLONIES_POLLERS ?? '{}') as PollerProcessOptions
const history = new History()
const fetch = keptFetch()
// One each: a signal with thousands of listeners takes as many steps to lose one of them.
const hangUps = new Set<AbortController>()
const polls: Promise<void>[] = []
/** What closes a process and lets its poll ask again. */
const toClose: (() => Promise<void>)[] = []
let told: ToPollers = 'work'
let closing = 0
let arrivals: Arrival[] = []
const loop = monitorEventLoopDelay({ resolution: 10 })
loop.enable()

process.on('message', (next: ToPollers | 'lag') => {
  if (next === 'lag') return tellLag()
  told = next
  if (told === 'work') closeAll()
  if (told === 'end') void end()
})
await start()

async function start(): Promise<void> {
  const { colonyname, executors } = options
  const retry = { forMs: 60_000, maxMs: 2_000 }
  for (const { privateKey, endpoint, polls: count } of executors) {
    const client = recordedClient({ history, colonyname }, { endpoints: [endpoint], privateKey, retry, fetch })
    for (let poll = 0; poll < count; poll += 1) {
      polls.push(ask(client))
      // sleeps: so that those that have begun are sent
      if (poll % STARTS_AT_ONCE === 0) await pause(5)
    }
  }
}

async function ask(client: Client): Promise<void> {
  const hangUp = new AbortController()
  hangUps.add(hangUp)
  const input = { colonyname: options.colonyname, timeout: HOLD_SECONDS }
  while (told === 'work' || told === 'hold') {
    try {
      const { processid, attempt = 0 } = await client.assign(input, { signal: hangUp.signal })
      tell({ processid, at: nowMs() })
      await new Promise<void>((resolve, reject) => {
        toClose.push(() => client.closeSuccessful({ processid, attempt }).then(() => resolve(), reject))
        if (told === 'work') closeAll()
      })
    } catch (error) {
      if (error instanceof NotFoundError) continue
      if (error instanceof ClientError && told !== 'work' && told !== 'hold') return
      throw error
    }
  }
}

/** Arrivals of one turn of the event loop are told together. */
function tell(arrival: Arrival): void {
  if (arrivals.push(arrival) > 1) return
  setImmediate(() => {
    process.send?.({ arrivals })
    arrivals = []
  })
}

function tellLag(): void {
  process.send?.({ lagMs: { p99: loop.percentile(99) / 1e6, max: loop.max / 1e6 } })
  loop.reset()
}

function closeAll(): void {
  for (; closing < CLOSES_AT_ONCE && toClose.length > 0; closing += 1) void closeOnByOne()
}

async function closeOnByOne(): Promise<void> {
  for (let close = toClose.pop(); close; close = toClose.pop()) await close()
  closing -= 1
}

async function end(): Promise<void> {
  for (const hangUp of hangUps) hangUp.abort()
  // Who has a process waits for its close, which does not come any more.
  toClose.length = 0
  writeFileSync(options.file, history.records.map((record) => `${JSON.stringify(record)}\n`).join(''))
  process.exit()
}
