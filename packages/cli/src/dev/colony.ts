import { type Client, createClient, DeniedError } from '@colonies/client'
import { createExecutor, type Executor } from '@colonies/executor'
import { identityOf } from '@colonies/identity'
import { WebSocket } from 'ws'
import { UsageError } from '../exit-codes.js'
import { devFunctions } from './functions.js'
import { type DevKeys, keyVariables } from './keys.js'

export const devNames = { profile: 'dev', colony: 'dev', user: 'me', executor: 'local', type: 'dev' } as const

export interface DevColony {
  /** Of the server. */
  readonly url: string
  readonly colonyname: string
  readonly keys: DevKeys
  /** Where the keys come from, for people. */
  readonly keysFile: string
}

/** Makes colony and user, unless an earlier start did. @throws UsageError when that had other keys */
export async function ensureColony(dev: DevColony): Promise<void> {
  const { url, keys, colonyname } = dev
  const serverOwner = createClient({ endpoint: url, privateKey: keys.server })
  await ensureOwner(serverOwner, dev)
  const users = await serverOwner.as(keys.user).getUsers({ colonyname }).catch(emptyIfDenied)
  const userid = identityOf(keys.user)
  if (users.some((user) => user.userid === userid)) return
  const colonyOwner = serverOwner.as(keys.colony)
  try {
    await colonyOwner.addUser({ user: { colonyname, userid, name: devNames.user } })
  } catch (error) {
    throw otherKey('user', `User ${devNames.user} of colony ${colonyname}`, dev, error)
  }
}

async function ensureOwner(serverOwner: Client, dev: DevColony): Promise<void> {
  const { keys, colonyname } = dev
  const colonyid = identityOf(keys.colony)
  const colonies = await serverOwner.getColonies({}).catch((error: unknown) => {
    throw error instanceof DeniedError ? otherKey('server', 'The server', dev, error) : error
  })
  const colony = colonies.find(({ name }) => name === colonyname)
  if (!colony) await serverOwner.addColony({ colony: { name: colonyname, colonyid } })
  else if (colony.colonyid !== colonyid) throw otherKey('colony', `Colony ${colonyname}`, dev)
}

function emptyIfDenied(error: unknown): [] {
  if (error instanceof DeniedError) return []
  throw error
}

function otherKey(role: keyof DevKeys, what: string, { keysFile }: DevColony, cause?: unknown): UsageError {
  return new UsageError(
    `${what} belongs to another key than the one of now, from ${keyVariables[role]} or else from ${keysFile}. ` +
      'Give the key of earlier starts, or another folder with --datadir.',
    { cause },
  )
}

/** An executor in this process. */
export async function startExecutor(
  { url, keys, colonyname }: DevColony,
  report: (line: string) => void,
): Promise<Executor> {
  const executor = createExecutor({
    connection: { endpoint: url, privateKey: keys.executor, WebSocket: WebSocket as never },
    colonyname,
    colonyPrivateKey: keys.colony,
    name: devNames.executor,
    type: devNames.type,
    functions: devFunctions,
    concurrency: 8,
    report,
  })
  await executor.start()
  return executor
}
