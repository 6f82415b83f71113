import { NotFoundError } from '@colonies/client'
import { isId } from '@colonies/identity'
import { limits } from '@colonies/protocol'
import { UsageError } from './exit-codes.js'
import type { Session } from './session.js'
import { stateNames, stateNumber } from './state-names.js'

const shortLength = 16

/** The beginning of an id: enough to tell a process from those submitted in the same millisecond. */
export function shortId(id: string): string {
  return id.slice(0, shortLength)
}

/**
 * Completes the id of a process from its beginning. Looks at the last processes of each state, as many as one list holds;
 * a whole id is taken as it is.
 *
 * @throws UsageError for what is no id, or the beginning of several; NotFoundError for the beginning of none
 */
export function findProcessId(begin: string, session: Session): Promise<string> {
  return complete(begin, 'process', async () => {
    const { member, colonyname } = session
    const found = stateNames.map((name) =>
      member.getProcesses({ colonyname, state: stateNumber(name), count: limits.listCountMax }),
    )
    return (await Promise.all(found)).flat().map(({ processid }) => processid)
  })
}

/** The same for workflows. */
export function findGraphId(begin: string, session: Session): Promise<string> {
  return complete(begin, 'workflow', async () => {
    const { member, colonyname } = session
    const found = stateNames.map((name) =>
      member.getProcessGraphs({ colonyname, state: stateNumber(name), count: limits.listCountMax }),
    )
    return (await Promise.all(found)).flat().map(({ processgraphid }) => processgraphid)
  })
}

async function complete(begin: string, what: string, recent: () => Promise<string[]>): Promise<string> {
  const text = begin.toLowerCase()
  if (isId(text)) return text
  if (!/^[0-9a-f]{4,63}$/.test(text)) {
    throw new UsageError(`"${begin}" is no id of a ${what}: that is 64 hex digits, or the first of them, at least 4.`)
  }
  const ids = [...new Set(await recent())].filter((id) => id.startsWith(text))
  const [id] = ids
  if (id === undefined)
    throw new NotFoundError(`No ${what} of late has an id that begins with ${begin}: give it whole.`)
  if (ids.length === 1) return id
  throw new UsageError(`More than one ${what} has an id that begins with ${begin}: give more digits.`)
}
