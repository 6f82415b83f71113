import { once } from 'node:events'
import { type Client, ClientError } from '@colonies/client'
import type { Process } from '@colonies/protocol'
import { History } from '../history.js'
import { recordedClient } from '../recorded-client.js'
import type { SleeperOptions } from './sleeper.js'

// An executor as a process of its own, that knows nothing of leases: it takes one process, says so, and writes all that a
// holder may write as soon as it is told to, however late that is.

const { colonyname, endpoints, privateKey, file } = JSON.parse(process.env.COLONIES_SLEEPER ?? '{}') as SleeperOptions
const client = recordedClient(
  { history: new History(file), colonyname },
  { endpoints, privateKey, retry: { forMs: 60_000, maxMs: 200 } },
)

const held = await take(client)
const told = once(process, 'message')
process.send?.({ holds: held.processid })
await told
await writeAll(client, held)
process.disconnect()

async function take(executor: Client): Promise<Process> {
  for (;;) {
    const next = await executor.waitForProcess({ colonyname, timeout: 10 })
    if (next) return next
  }
}

async function writeAll(executor: Client, { processid, attempt }: Process): Promise<void> {
  const writes = [
    () => executor.addLog({ processid, attempt, message: 'late' }),
    () => executor.setOutput({ processid, attempt, out: ['late'] }),
    () => executor.addAttribute({ attribute: { targetid: processid, key: 'late', value: 'late' }, attempt }),
    () => executor.closeSuccessful({ processid, attempt, out: ['late'] }),
  ]
  for (const write of writes) {
    await write().catch((error: unknown) => {
      if (!(error instanceof ClientError)) throw error // a refusal is in the history, and is what has to come
    })
  }
}
