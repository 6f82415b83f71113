import { type Client, ConflictError, createClient, NotFoundError } from '@colonies/client'
import { createExecutor, type Executor } from '@colonies/executor'
import { identityOf } from '@colonies/identity'
import { WebSocket } from 'ws'
import { devFunctions } from './functions.js'
import type { DevKeys } from './keys.js'

export const devNames = { colony: 'dev', user: 'me', executor: 'local', type: 'dev' } as const

/** Makes colony and user, unless an earlier start did. */
export async function ensureColony(url: string, keys: DevKeys, colonyname: string): Promise<Client> {
  const serverOwner = createClient({ endpoint: url, privateKey: keys.server, WebSocket: WebSocket as never })
  await unlessThere(() => serverOwner.addColony({ colony: { name: colonyname, colonyid: identityOf(keys.colony) } }))
  const colonyOwner = serverOwner.as(keys.colony)
  await unlessThere(() =>
    colonyOwner.addUser({ user: { colonyname, userid: identityOf(keys.user), name: devNames.user } }),
  )
  return serverOwner.as(keys.user)
}

/** An executor in this process. */
export async function startExecutor(url: string, keys: DevKeys, colonyname: string): Promise<Executor> {
  const executor = createExecutor({
    connection: { endpoint: url, privateKey: keys.executor },
    colonyname,
    colonyPrivateKey: keys.colony,
    name: devNames.executor,
    type: devNames.type,
    functions: devFunctions,
    concurrency: 4,
    report: () => {},
  })
  await executor.start()
  return executor
}

async function unlessThere(add: () => Promise<unknown>): Promise<void> {
  try {
    await add()
  } catch (error) {
    const isThere =
      error instanceof ConflictError || (error instanceof Error && error.message.includes('already exists'))
    if (!isThere || error instanceof NotFoundError) throw error
  }
}
