import type { Caller } from '../caller.js'
import { rateOf } from '../measure/statistics.js'
import type { Row, Size } from '../row.js'
import { specFor } from '../stage/colony.js'
import { polls, whileHanging } from '../stage/hanging.js'
import { colonyWithWaiting } from '../stage/millions.js'
import { coresAtRest, untilRest } from '../stage/rest.js'

const MUST = 0.01
/** The clock of processes counts in hundredths of a second: nothing, as far as it can tell. */
const REACH = 0.001

const idle = { unit: 'cores', better: 'less', must: MUST, reach: REACH, runs: 1 } as const

export const idleRows: readonly Row[] = [
  {
    id: 'idle-1000',
    says: 'idle, 1 000 processes waiting',
    ...idle,
    kind: 'wire',
    members: { users: 16 },
    async run(target, colony) {
      const spec = { ...specFor(colony.name), conditions: { colonyname: colony.name, executortype: 'nobody' } }
      await rateOf(1_000, 16, (user) => (colony.users[user] as Caller).call('submitfuncspecmsg', { spec }))
      await untilRest(target)
      return coresAtRest(target)
    },
  },
  {
    id: 'idle-1m',
    says: 'idle, 1 M processes waiting (filled), 10 000 assigns of others hanging',
    ...idle,
    kind: 'own',
    async run(target, size: Size) {
      await colonyWithWaiting(target, size)
      return whileHanging(target, polls(size), async () => {
        await untilRest(target)
        return coresAtRest(target)
      })
    },
  },
]
