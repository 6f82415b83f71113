import { type Client, type ClientOptions, createClient } from '@colonies/client'
import { type Db, sql } from '@colonies/database'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { WebSocket } from 'ws'
import type { History } from '../history.js'
import { type Recording, recordedClient } from '../recorded-client.js'

/** Longer than any fault lasts: whoever is cut off goes on asking, and the history has every try. */
const retry = { forMs: 60_000, maxMs: 200 }

/** What those who work in a colony know of it. */
export interface Workplace {
  readonly name: string
  readonly ownerKey: string
  /** A recorded client of anybody. @param endpoints instead of those of the colony */
  client(privateKey: string, endpoints?: readonly string[], options?: Partial<ClientOptions>): Client
}

export interface ChaosColony extends Workplace {
  /** In all tables. */
  readonly key: number
  readonly history: History
  /** Lets a new user in. @returns its private key */
  addUser(name: string): Promise<string>
  /** A recorded client of a new user. */
  user(name: string, endpoints?: readonly string[], options?: Partial<ClientOptions>): Promise<Client>
  /** Lets a new executor in. @returns its private key */
  addExecutor(name: string, type: string): Promise<string>
}

export interface ColonyOptions {
  readonly db: Db
  readonly history: History
  readonly serverKey: string
  readonly endpoints: readonly string[]
  readonly name?: string
}

/** Adds a colony whose members are all recorded. */
export async function openColony(options: ColonyOptions): Promise<ChaosColony> {
  const { db, history, serverKey, endpoints, name = 'chaos' } = options
  const ownerKey = generatePrivateKey()
  const serverOwner = createClient({ endpoints, privateKey: serverKey, retry })
  await serverOwner.addColony({ colony: { name, colonyid: identityOf(ownerKey) } })
  const row = await db.one<{ key: number }>(sql`select colony_key as key from colonies where name = ${name}`)
  if (!row) throw new Error(`there is no colony ${name} in the tables`)
  const client = clientsOf({ history, colonyname: name }, endpoints)
  const addUser = async (username: string) => {
    const privateKey = generatePrivateKey()
    const user = { colonyname: name, userid: identityOf(privateKey), name: username }
    await serverOwner.as(ownerKey).addUser({ user })
    return privateKey
  }
  return {
    name,
    key: row.key,
    ownerKey,
    history,
    client,
    async addExecutor(executorname, executortype) {
      const privateKey = generatePrivateKey()
      const executor = { colonyname: name, executorname, executortype, executorid: identityOf(privateKey) }
      await serverOwner.as(ownerKey).addExecutor({ executor })
      await serverOwner.as(ownerKey).approveExecutor({ colonyname: name, executorname })
      return privateKey
    },
    addUser,
    user: async (username, at, others) => client(await addUser(username), at, others),
  }
}

/** Makes clients of a colony, all recorded. */
export function clientsOf(recording: Recording, endpoints: readonly string[]): Workplace['client'] {
  return (privateKey, at = endpoints, others = {}) =>
    recordedClient(recording, { endpoints: at, privateKey, retry, WebSocket: WebSocket as never, ...others })
}

/** Endpoints in another order for each caller, so that the load is spread. */
export function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const place = items.length === 0 ? 0 : by % items.length
  return [...items.slice(place), ...items.slice(0, place)]
}
