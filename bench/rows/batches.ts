import { randomUUID } from 'node:crypto'
import { type Caller, sameOf } from '../caller.js'
import { rateFor } from '../measure/statistics.js'
import type { BenchColony, Figure, OurTarget, OwnRow, Size } from '../row.js'
import { makeColony, specFor } from '../stage/colony.js'
import { turnSeconds } from '../stage/turns.js'

const AT_ONCE = 100
const CONNECTIONS = 8

/** Processes a second that are submitted so. @param submitOf what a connection does next */
async function submitRate(
  target: OurTarget,
  size: Size,
  submitOf: (colony: BenchColony) => (connection: number) => Promise<unknown>,
): Promise<Figure> {
  const colony = await makeColony(target, { users: CONNECTIONS })
  const { value, operations } = await rateFor(turnSeconds(size), CONNECTIONS, submitOf(colony))
  colony.close()
  return { value: value * AT_ONCE, operations: operations * AT_ONCE }
}

/** Operations of our own, that carry many under one signature. */
export const batchRows: readonly OwnRow[] = [
  {
    id: 'submit-batches',
    says: `submit in batched operations of ${AT_ONCE}, ${CONNECTIONS} connections`,
    unit: '/s',
    better: 'more',
    must: { times: 50, of: 'submit-64' },
    reach: { times: 100, of: 'submit-64' },
    limit: 'rows',
    kind: 'own',
    run: (target, size) =>
      submitRate(target, size, ({ name: colonyname, users }) => {
        const items = Array.from({ length: AT_ONCE }, () => ({ spec: specFor(colonyname) }))
        return sameOf(users, 'submitbatchmsg', { colonyname, items })
      }),
  },
  {
    id: 'submit-batches-again',
    says: 'the same, each with a request id, so that it may be sent again; as our SDK does',
    unit: '/s',
    better: 'more',
    limit: 'rows',
    kind: 'own',
    run: (target, size) =>
      submitRate(target, size, ({ name: colonyname, users }) => (connection) => {
        const user = users[connection] as Caller
        const items = Array.from({ length: AT_ONCE }, () => ({ spec: specFor(colonyname), requestid: randomUUID() }))
        return user.deliver(user.prepare('submitbatchmsg', { colonyname, items }))
      }),
  },
  {
    id: 'lives-batches',
    says: `assign and close in batched operations of ${AT_ONCE}, ${CONNECTIONS} executors`,
    unit: '/s',
    better: 'more',
    limit: 'rows',
    kind: 'own',
    async run(target, size) {
      const colony = await makeColony(target, { users: CONNECTIONS, executors: CONNECTIONS })
      const items = Array.from({ length: AT_ONCE }, () => ({ spec: specFor(colony.name) }))
      const seconds = turnSeconds(size)
      await rateFor(seconds, CONNECTIONS, sameOf(colony.users, 'submitbatchmsg', { colonyname: colony.name, items }))
      let closed = 0
      const { value, operations } = await rateFor(seconds / 2, CONNECTIONS, async (connection) => {
        const executor = colony.executors[connection] as Caller
        const input = { colonyname: colony.name, timeout: 1, count: AT_ONCE }
        const processes = await executor.call<{ processid: string }[]>('assignbatchmsg', input)
        const outcomes = processes.map(({ processid }) => ({ processid, out: ['done'] }))
        await executor.call('closebatchmsg', { colonyname: colony.name, items: outcomes })
        closed += outcomes.length
      })
      colony.close()
      return { value: (value * closed) / operations, operations: closed }
    },
  },
]
