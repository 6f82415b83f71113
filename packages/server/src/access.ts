import type { ColonyKey, ColonyThing } from '@colonies/database'
import { type CallerKind, ColoniesError, type ColonyReference } from '@colonies/protocol'
import type { Membership, Rights } from './directory/rights.js'
import type { Caller, Colony } from './handler.js'

/** What a contract asks for, for one request. */
export interface Demand {
  readonly kind: CallerKind
  /** Where the colony of the request comes from; undefined where the operation belongs to none. */
  readonly reference: ColonyReference | undefined
  /** Who signed; empty when nobody had to. */
  readonly callerId: string
}

export interface Access {
  readonly caller: Caller
  readonly colony: Colony
}

/**
 * Settles who the caller is and in which colony, or refuses. What is unknown and what is forbidden look the same to those
 * who may not see it.
 *
 * Rights come from a cache that may be up to a second old. Nobody is refused on an old entry: it is read again first, so that who
 * was just approved on another replica is not sent away.
 *
 * @throws ColoniesError `not_allowed`; `not_found` when a caller with several colonies names what is in none of them
 */
export async function checkAccess(demand: Demand, rights: Rights): Promise<Access> {
  try {
    return await settle(demand, rights)
  } catch (error) {
    const { callerId, reference } = demand
    const named = reference?.by === 'name' ? reference.key : undefined
    if (!(error instanceof ColoniesError && rights.forget(callerId, named))) throw error
    return settle(demand, rights)
  }
}

async function settle({ kind, reference, callerId }: Demand, rights: Rights): Promise<Access> {
  switch (kind) {
    case 'anyone':
    case 'any-key':
      return { caller: stranger(callerId), colony: noColony }
    case 'server-owner':
      if ((await rights.serverOwnerId()) !== callerId) deny('not server owner')
      return { caller: stranger(callerId), colony: noColony }
    case 'colony-owner': {
      if (reference?.key === '') denyNameless()
      const colony = reference?.by === 'name' ? await rights.colonyNamed(reference.key) : undefined
      if (colony?.ownerId !== callerId) deny('not colony owner')
      return { caller: stranger(callerId), colony }
    }
    case 'member-or-owner': {
      const owned = await settleOwner(callerId, reference, rights)
      return owned ?? settle({ kind: 'member', reference, callerId }, rights)
    }
    case 'any-member':
    case 'member':
    case 'executor': {
      if (!reference) throw new Error('A contract for members does not say which colony.')
      const memberships = await rights.membershipsOf(callerId)
      const { by, key } = reference
      const member: Member = { kind, callerId, memberships }
      return by === 'name' ? settleByName(member, key, rights) : settleByThing(member, { by, key }, rights)
    }
  }
}

/** @returns undefined when the caller is not the owner of the colony */
async function settleOwner(
  callerId: string,
  reference: ColonyReference | undefined,
  rights: Rights,
): Promise<Access | undefined> {
  if (!reference || reference.key === '') return undefined
  const { by, key } = reference
  if (by === 'name') {
    const colony = await rights.colonyNamed(key)
    return colony?.ownerId === callerId ? { caller: stranger(callerId), colony } : undefined
  }
  const owned = await rights.coloniesOwnedBy(callerId)
  if (owned.length === 0) return undefined
  const found = await rights.findColonyOf(
    { by, key },
    owned.map((colony) => colony.key),
  )
  const colony = owned.find((one) => one.key === found)
  return colony && { caller: stranger(callerId), colony }
}

type MemberKind = 'any-member' | 'member' | 'executor'

interface Member {
  kind: MemberKind
  callerId: string
  memberships: readonly Membership[]
}

async function settleByName(member: Member, name: string, rights: Rights): Promise<Access> {
  if (name === '') denyNameless()
  const { kind, callerId, memberships } = member
  const where = `Colony with name ${name}`
  const here = memberships.filter((one) => one.colonyName === name)
  const membership = pick(kind, here)
  if (!membership) denyMember(kind, where, here)
  const colony = await rights.colonyNamed(name)
  // A colony removed and made again has another key: members of the old one are not members of the new one.
  if (!colony || colony.key !== membership.colony) denyMember(kind, where, [])
  return { caller: callerOf(callerId, membership), colony }
}

/** The request names a process or the like: only the colonies where the caller may do this are searched. */
async function settleByThing(member: Member, thing: ColonyThing, rights: Rights): Promise<Access> {
  const { kind, callerId, memberships } = member
  const usable = new Map<ColonyKey, Membership>()
  for (const colony of new Set(memberships.map((one) => one.colony))) {
    const membership = pick(
      kind,
      memberships.filter((one) => one.colony === colony),
    )
    if (membership) usable.set(colony, membership)
  }
  if (usable.size === 0) denyMember(kind, `the Colony of this ${thing.by}`, memberships)
  if (thing.key === '') throw new ColoniesError('not_found', `The request names no ${thing.by}: fill in its id`)

  const keys = [...usable.keys()]
  // With one colony, the handler's own statement finds out whether the thing is there.
  const key = keys.length === 1 ? keys[0] : await rights.findColonyOf(thing, keys)
  const membership = key === undefined ? undefined : usable.get(key)
  const colony = membership && (await rights.colonyNamed(membership.colonyName))
  if (!colony || colony.key !== membership.colony) {
    throw new ColoniesError('not_found', `There is no ${thing.by} with id ${thing.key} in your colonies`)
  }
  return { caller: callerOf(callerId, membership), colony }
}

/** The membership of one colony that lets its holder call this kind of operation. An executor comes before a user. */
function pick(kind: MemberKind, memberships: readonly Membership[]): Membership | undefined {
  const approved = memberships.find((one) => one.role === 'executor' && one.approved)
  if (approved || kind === 'executor') return approved
  const user = memberships.find((one) => one.role === 'user')
  return user ?? (kind === 'any-member' ? memberships[0] : undefined)
}

function denyMember(kind: MemberKind, where: string, memberships: readonly Membership[]): never {
  if (memberships.some((one) => one.role === 'executor')) {
    deny(`not a member of ${where}: this executor waits for its approval by the colony owner`)
  }
  if (kind === 'executor' && memberships.length > 0) deny(`only executors may do this in ${where}, and this is a user`)
  deny(`not a member of ${where}`)
}

function denyNameless(): never {
  deny('the request names no colony: fill in its colonyname')
}

function deny(reason: string): never {
  throw new ColoniesError('not_allowed', `Access denied, ${reason}`)
}

function stranger(id: string): Caller {
  return { id, name: '', kind: 'none', executor: undefined }
}

function callerOf(id: string, { role, name, type, location }: Membership): Caller {
  return { id, name, kind: role, executor: role === 'executor' ? { name, type, location } : undefined }
}

/** What operations without a colony get: a handler that reads it has a contract that does not fit it. */
const noColony = new Proxy({} as Colony, {
  get() {
    throw new Error('This operation belongs to no colony; its contract has to say which one it is about.')
  },
})
