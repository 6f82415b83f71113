import { type Client, createClient } from '@colonies/client'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { WebSocket } from 'ws'
import { envelopeOf, type Meanwhile, post, type Received } from './exchange.js'
import { type Case, findCase, type Json, type JsonObject, mapStrings, roles } from './transcript.js'

/** What a scenario says about the request to send. */
export interface Plan extends Meanwhile {
  /** Values of these keys, wherever they are in the request, unless the recorded value is empty or the unknown id. */
  fields?: Record<string, string>
  /** The role that signs, for requests of other clients than ours. */
  as?: string
}

/** A user, `user1` say; an executor of the colony given; or a colony. */
const colonyOf: Record<string, string> = { executor3: 'colony2' }
const executorNames: Record<string, string> = {
  executor1: 'exec1',
  executor2: 'exec2',
  executor3: 'exec3',
  executor4: 'exec4',
}

/**
 * The parts of one transcript, with keys and colonies of its own on a server that it shares with others. Recorded ids
 * and names are translated to those of this world; world number 0 has the recorded ones.
 */
export class World {
  readonly url: string
  readonly #serverKey: string
  readonly #number: number
  readonly #keys = new Map<string, string>()
  readonly #present = new Map<string, Promise<void>>()

  constructor(server: { url: string; serverKey: string }, number: number) {
    this.url = server.url
    this.#serverKey = server.serverKey
    this.#number = number
  }

  keyOf(role: string): string {
    if (role === 'server') return this.#serverKey
    const key = this.#keys.get(role) ?? (this.#number === 0 ? roles[role]?.prvkey : undefined) ?? generatePrivateKey()
    this.#keys.set(role, key)
    return key
  }

  idOf(role: string): string {
    return identityOf(this.keyOf(role))
  }

  as(role: string): Client {
    const options = { endpoint: this.url, retry: { forMs: 0 }, WebSocket: WebSocket as never }
    return createClient({ ...options, privateKey: this.keyOf(role) })
  }

  /** @param recorded `colony1`, say */
  colony(recorded = 'colony1'): string {
    return this.#number === 0 ? recorded : `${recorded}-${this.#number}`
  }

  /** Adds colonies, users and approved executors, each once. */
  async has(...names: string[]): Promise<void> {
    for (const name of names) {
      if (!this.#present.has(name)) this.#present.set(name, this.#add(name))
      await this.#present.get(name)
    }
  }

  async #add(role: string): Promise<void> {
    if (role.startsWith('colony')) {
      await this.as('server').addColony({ colony: { name: this.colony(role), colonyid: this.idOf(role) } })
    } else if (role.startsWith('user')) {
      await this.has('colony1')
      await this.replay('addusermsg', 'add user')
    } else {
      await this.addPending(role)
      await this.approve(role)
    }
  }

  async approve(role: string): Promise<void> {
    const colony = colonyOf[role] ?? 'colony1'
    const approval = { colonyname: this.colony(colony), executorname: executorNames[role] ?? role }
    await this.as(colony).approveExecutor(approval)
  }

  async addPending(role: string, executortype = 'cli'): Promise<void> {
    const colony = colonyOf[role] ?? 'colony1'
    await this.has(colony)
    const executorname = executorNames[role] ?? role
    const executor = { colonyname: this.colony(colony), executorname, executorid: this.idOf(role), executortype }
    await this.as(colony).addExecutor({ executor })
  }

  /** Sends another recorded request, as a step towards a state. @returns the payload of the reply */
  async replay(type: string, name: string, plan: Plan = {}): Promise<JsonObject> {
    const reply = await this.send(findCase(type, name), plan)
    if (reply.error) throw new Error(`"${name}" of ${type} was refused: ${JSON.stringify(reply.payload)}`)
    return reply.payload as JsonObject
  }

  send(one: Case, plan: Plan): Promise<Received> {
    return post(this.url, this.envelope(one, plan))
  }

  envelope(one: Case, { fields = {}, as }: Plan): string {
    const unsigned = one.signedby === null && one.client === 'go-methods'
    const request = mapStrings(this.translate(one.request), (text, key) =>
      text === '' || text === roles.nonexistent?.id ? text : (fields[key] ?? text),
    )
    const role = one.signedby ?? as ?? 'executor1'
    return envelopeOf(one.type, request as JsonObject, unsigned ? undefined : this.keyOf(role))
  }

  /** From recorded ids and names to ours. */
  translate(json: Json): Json {
    const ids = new Map(
      Object.entries(roles)
        .filter(([role]) => role !== 'nonexistent')
        .map(([role, { id }]) => [id, role]),
    )
    return mapStrings(json, (text, key) => {
      const role = ids.get(text)
      if (role !== undefined) return this.idOf(role)
      if (/^colony\d\w?$/.test(text)) return this.colony(text)
      if (key === 'workflowspec') return text.replace(/("colonyname": ?)"[^"]*"/g, `$1"${this.colony()}"`)
      return text === '' ? text : (this.#foreign(key, text) ?? text)
    })
  }

  /** Names of other clients' recordings: they had one colony and one executor each. */
  #foreign(key: string, text: string): string | undefined {
    if (key === 'colonyname' || key === 'targetcolonyname') return text === 'nocolony' ? text : this.colony()
    const ours = Object.values(executorNames).includes(text) || text === 'nobody'
    if ((key === 'executorname' || key === 'initiatorname') && !ours) return 'exec1'
    const fits = key === 'executorid' || key === 'initiatorid' || key === 'assignedexecutorid'
    return fits && text !== roles.nonexistent?.id && /^[0-9a-f]{64}$/.test(text) ? this.idOf('executor1') : undefined
  }
}
