import { type Client, ConflictError, DeniedError, type Input, NotFoundError } from '@colonies/client'
import { ExecutorState } from '@colonies/protocol'
import type { ArgumentSpec } from './arguments.js'
import type { Workplace } from './run-process.js'

/** What an executor is in its colony. */
export interface Place {
  readonly colonyname: string
  readonly name: string
  readonly type: string
  /** Empty: nowhere in particular. */
  readonly location: string
  readonly capabilities: Capabilities | undefined
  /** Of the colony owner; with it, the executor adds and approves itself. */
  readonly colonyPrivateKey: string | undefined
}

export type Capabilities = NonNullable<Input<'addExecutor'>['executor']['capabilities']>

const waitMs = { first: 2_000, max: 15_000, betweenReports: 60_000 }

/**
 * Makes sure that the executor may work: adds and approves it when it may do so itself, else waits until the colony owner
 * has. Then shows its functions.
 *
 * @throws ConflictError when another identity has the name, AbortedError, and what the calls throw
 */
export async function enterColony(place: Place, workplace: Workplace, signal: AbortSignal): Promise<void> {
  const { client, clock, report } = workplace
  if (place.colonyPrivateKey !== undefined) await addAndApprove(place, client, place.colonyPrivateKey, signal)
  let reportedAtMs = Number.NEGATIVE_INFINITY
  for (let pauseMs = waitMs.first; ; pauseMs = Math.min(pauseMs * 2, waitMs.max)) {
    try {
      return await showFunctions(place, workplace, signal)
    } catch (error) {
      if (!(error instanceof DeniedError)) throw error
      if (clock.now() - reportedAtMs >= waitMs.betweenReports) {
        reportedAtMs = clock.now()
        report(await whatIsMissing(place, client, signal))
      }
      await clock.pause(pauseMs, signal)
    }
  }
}

async function addAndApprove(place: Place, client: Client, ownerKey: string, signal: AbortSignal): Promise<void> {
  const { colonyname, name: executorname } = place
  const owner = client.as(ownerKey)
  const state = await ownState(place, client, signal)
  if (state === ExecutorState.approved) return
  // Only what is known to be this identity, or was added as it, is approved.
  if (state === undefined) await add(place, client.id ?? '', owner, signal)
  await owner.approveExecutor({ colonyname, executorname }, { signal })
}

async function add(place: Place, executorid: string, owner: Client, signal: AbortSignal): Promise<void> {
  const { colonyname, name: executorname, type: executortype, location, capabilities } = place
  const executor = {
    executorid,
    executorname,
    executortype,
    colonyname,
    ...(location !== '' && { locationname: location }),
    ...(capabilities && { capabilities }),
  }
  try {
    await owner.addExecutor({ executor }, { signal })
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error
    throw new ConflictError(
      `The name ${executorname} is taken in colony ${colonyname}, by another identity or by this one when it was removed or ` +
        'rejected. Choose another name, or let the colony owner approve it.',
      { status: error.status, code: error.code, cause: error },
    )
  }
}

/** @returns undefined when the colony does not know this identity under this name, or does not let it in */
async function ownState({ colonyname, name }: Place, client: Client, signal: AbortSignal): Promise<number | undefined> {
  try {
    const executors = await client.getExecutors({ colonyname }, { signal })
    return executors.find(({ executorid, executorname }) => executorid === client.id && executorname === name)?.state
  } catch (error) {
    if (error instanceof DeniedError || error instanceof NotFoundError) return undefined
    throw error
  }
}

async function whatIsMissing(place: Place, client: Client, signal: AbortSignal): Promise<string> {
  const { name, type, colonyname } = place
  const state = await ownState(place, client, signal)
  if (state === ExecutorState.pending) {
    return `Waiting for the owner of colony ${colonyname} to approve executor ${name} (id ${client.id}).`
  }
  return (
    `Colony ${colonyname} does not let executor ${name} in. Its owner has to add and approve it with ` +
    `id ${client.id} and type "${type}". Waiting for that.`
  )
}

/** Lets the colony show what this executor can do, and no more than that. */
async function showFunctions(place: Place, { client, functions }: Workplace, signal: AbortSignal): Promise<void> {
  const { colonyname, name: executorname, type: executortype } = place
  const shown = await client.getFunctions({ colonyname, executorname }, { signal })
  for (const { functionid, funcname } of shown) {
    if (!functions.has(funcname)) await client.removeFunction({ functionid }, { signal })
  }
  for (const { name: funcname, description, args } of functions.values()) {
    const fun = { executorname, executortype, colonyname, funcname, description, args: args.map(wireArgument) }
    await client.addFunction({ fun }, { signal })
  }
}

function wireArgument({ enum: allowed = [], ...rest }: ArgumentSpec) {
  return { ...rest, enum: [...allowed] }
}
