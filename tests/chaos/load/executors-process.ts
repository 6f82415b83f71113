import { once } from 'node:events'
import { History } from '../history.js'
import { clientsOf } from '../stage/colony.js'
import type { ExecutorsProcessOptions } from './executor-processes.js'
import { startExecutors } from './executors.js'

// Several executors of our own library as one process. Says who they are when all of them work, and ends when it is told to.

const { name, ownerKey, file, ...options } = JSON.parse(
  process.env.COLONIES_EXECUTORS ?? '{}',
) as ExecutorsProcessOptions
const client = clientsOf({ history: new History(file), colonyname: name }, options.endpoints)
const stage = { atEnd() {} } // they end with this process
const executors = await startExecutors(stage, { name, ownerKey, client }, options)
const told = once(process, 'message')
process.send?.({ ids: executors.ids })
await told
await executors.stop()
process.disconnect()
