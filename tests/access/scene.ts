import type { Client } from '@colonies/client'
import { generatePrivateKey, identityOf, newId } from '@colonies/identity'

/** A server whose owner we are; a `TestColony` is one. */
export interface OwnedServer {
  serverOwner: Client
  keys: { server: string }
}

/** Another colony with members of its own; its executor has a name that is taken in every scene too. */
export interface Elsewhere {
  name: string
  owner: string
  executor: string
  user: string
}

/** Private keys of all who may ask, by who they are in the colony of a scene. */
export interface Keys {
  server: string
  owner: string
  /** Approved executors of type `cli`. */
  ada: string
  bo: string
  pending: string
  rejected: string
  removed: string
  user: string
  stranger: string
}

/** A colony with a member of each kind, and ways to have things in it that can be asked about. */
export interface Scene {
  name: string
  keys: Keys
  clients: { owner: Client; ada: Client; bo: Client; user: Client }
  elsewhere: Elsewhere
  /** @returns the id of a process that waits, for an executor type that nobody has */
  waiting(): Promise<string>
  /** @returns the id of a process that `ada` holds */
  held(changes?: { channels?: string[] }): Promise<string>
  /** @returns the id of a graph whose process waits */
  graph(): Promise<string>
  /** @returns a graph with the process of it that `ada` holds */
  heldGraph(): Promise<{ processgraphid: string; parentprocessid: string }>
  /** @returns the id of an attribute of a process that `ada` holds */
  attribute(): Promise<string>
  /** @returns the id of a function of `ada` */
  function(): Promise<string>
}

/** The type of executors that waiting processes are for. */
export const absentType = 'quantum'

let names = 0
/** A name that nothing else has. */
export const freshName = (kind: string) => `${kind}-${++names}`

export async function makeElsewhere({ serverOwner }: OwnedServer): Promise<Elsewhere> {
  const name = 'elsewhere'
  const [owner, executor, user] = [generatePrivateKey(), generatePrivateKey(), generatePrivateKey()]
  await serverOwner.addColony({ colony: { name, colonyid: identityOf(owner) } })
  const ownerClient = serverOwner.as(owner)
  await addExecutor(ownerClient, { colonyname: name, executorname: 'ada', key: executor })
  await ownerClient.approveExecutor({ colonyname: name, executorname: 'ada' })
  await ownerClient.addUser({ user: { colonyname: name, userid: identityOf(user), name: 'me' } })
  return { name, owner, executor, user }
}

export async function makeScene(server: OwnedServer, elsewhere: Elsewhere, name = freshName('scene')): Promise<Scene> {
  const keys: Keys = {
    server: server.keys.server,
    owner: generatePrivateKey(),
    ada: generatePrivateKey(),
    bo: generatePrivateKey(),
    pending: generatePrivateKey(),
    rejected: generatePrivateKey(),
    removed: generatePrivateKey(),
    user: generatePrivateKey(),
    stranger: generatePrivateKey(),
  }
  await server.serverOwner.addColony({ colony: { name, colonyid: identityOf(keys.owner) } })
  const owner = server.serverOwner.as(keys.owner)
  await owner.addUser({ user: { colonyname: name, userid: identityOf(keys.user), name: 'me' } })
  for (const executorname of ['ada', 'bo', 'pending', 'rejected', 'removed'] as const) {
    await addExecutor(owner, { colonyname: name, executorname, key: keys[executorname] })
    if (executorname !== 'pending') await owner.approveExecutor({ colonyname: name, executorname })
  }
  await owner.rejectExecutor({ colonyname: name, executorname: 'rejected' })
  await owner.removeExecutor({ colonyname: name, executorname: 'removed' })
  const clients = { owner, ada: owner.as(keys.ada), bo: owner.as(keys.bo), user: owner.as(keys.user) }
  return { name, keys, clients, elsewhere, ...thingsOf(name, clients) }
}

function thingsOf(colonyname: string, { user, ada }: Scene['clients']) {
  const nodeFor = (executortype: string) => ({ nodename: 'n', funcname: 'f', conditions: { executortype } })
  const submitted = async (executortype: string, changes: { channels?: string[] } = {}) => {
    const spec = { funcname: 'f', conditions: { colonyname, executortype }, ...changes }
    const { processid } = await user.submit({ spec })
    return processid
  }
  const assigned = () => ada.assign({ colonyname, timeout: -1 })
  const held = async (changes?: { channels?: string[] }) => {
    await submitted('cli', changes)
    return (await assigned()).processid
  }
  return {
    held,
    waiting: () => submitted(absentType),
    async graph() {
      const spec = { colonyname, functionspecs: [nodeFor(absentType)] }
      return (await user.submitWorkflow({ spec })).processgraphid
    },
    async heldGraph() {
      const spec = { colonyname, functionspecs: [nodeFor('cli')] }
      const { processgraphid } = await user.submitWorkflow({ spec })
      return { processgraphid, parentprocessid: (await assigned()).processid }
    },
    async attribute() {
      const attribute = { targetid: await held(), attributetype: 1, key: 'k', value: 'v' }
      return (await ada.addAttribute({ attribute })).attributeid
    },
    async function() {
      const fun = { colonyname, executorname: 'ada', funcname: freshName('function') }
      return (await ada.addFunction({ fun })).functionid
    },
  }
}

interface NewExecutor {
  colonyname: string
  executorname: string
  key: string
}

function addExecutor(owner: Client, { key, ...names }: NewExecutor) {
  return owner.addExecutor({ executor: { ...names, executorid: identityOf(key), executortype: 'cli' } })
}

/** An id that nobody has. */
export const freshId = () => newId()
