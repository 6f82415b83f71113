import { NotFoundError } from '@colonies/client'
import { isId } from '@colonies/identity'
import { UsageError } from './exit-codes.js'
import type { Session } from './session.js'

const shortLength = 16

/** The beginning of an id: enough to tell a process from those submitted in the same millisecond. */
export function shortId(id: string): string {
  return id.slice(0, shortLength)
}

/**
 * Completes the id of a process from its beginning; a whole id is taken as it is.
 *
 * @throws UsageError for what is no id, or the beginning of several; NotFoundError for the beginning of none
 */
export function findProcessId(begin: string, { member, colonyname }: Session): Promise<string> {
  return complete(begin, 'process', async (prefix) => {
    const found = await member.getProcesses({ colonyname, prefix, count: 2 })
    return found.map(({ processid }) => processid)
  })
}

/** The same for workflows. */
export function findGraphId(begin: string, { member, colonyname }: Session): Promise<string> {
  return complete(begin, 'workflow', async (prefix) => {
    const found = await member.getProcessGraphs({ colonyname, prefix, count: 2 })
    return found.map(({ processgraphid }) => processgraphid)
  })
}

async function complete(begin: string, what: string, find: (prefix: string) => Promise<string[]>): Promise<string> {
  const text = begin.toLowerCase()
  if (isId(text)) return text
  if (!/^[0-9a-f]{4,63}$/.test(text)) {
    throw new UsageError(`"${begin}" is no id of a ${what}: that is 64 hex digits, or the first of them, at least 4.`)
  }
  // A server that does not know of prefixes lists others.
  const ids = (await find(text)).filter((id) => id.startsWith(text))
  const [id] = ids
  if (id === undefined) throw new NotFoundError(`No ${what} has an id that begins with ${begin}: colonies ${what} ls.`)
  if (ids.length === 1) return id
  throw new UsageError(`More than one ${what} has an id that begins with ${begin}: give more digits.`)
}
