import { type Caller, sameOf } from '../caller.js'
import { median, percentile, rateFor, timeOf } from '../measure/statistics.js'
import type { OwnRow, Size } from '../row.js'
import { colonyWithFinished, finishedRows } from '../stage/millions.js'

const CONNECTIONS = 16
const PAGE = 100
const TURNS = 50
/** In the first seconds the disk still writes what was filled. */
const warmUpSeconds = (size: Size) => (size === 'short' ? 1 : 10)
/** Fewer turns where they take long. */
const SECONDS_MAX = 5

interface Listed {
  processid: string
}

/** An operation that lists, and what it is asked for. */
interface List {
  says: string
  payloadtype: string
  input: object
}

const ended: List = { says: 'ended', payloadtype: 'getprocessesmsg', input: { state: 2, count: PAGE } }

const lists: readonly List[] = [
  ended,
  { ...ended, says: 'of a type', input: { ...ended.input, executortype: 'bench' } },
  { ...ended, says: 'of a user', input: { ...ended.input, initiator: 'user-0' } },
  { says: 'history', payloadtype: 'getprocesshistmsg', input: { state: 2, seconds: 86_400 } },
]

const page = (user: Caller, colonyname: string, { payloadtype, input }: List, after = '') =>
  user.call<Listed[]>(payloadtype, { colonyname, ...input, after })

export const listRows: readonly OwnRow[] = [
  {
    id: 'list-10m',
    says: `${CONNECTIONS} connections fetching the last ${PAGE} processes of 10 M (filled), p99`,
    unit: 'ms',
    better: 'less',
    must: 30,
    kind: 'own',
    runs: 1,
    async run(target, size) {
      const { name, users } = await colonyWithFinished(target, size)
      const times: number[] = []
      const fetchPage = sameOf(users, ended.payloadtype, { colonyname: name, ...ended.input })
      await rateFor(warmUpSeconds(size), CONNECTIONS, fetchPage)
      const { value, operations } = await rateFor(size === 'short' ? 2 : 5, CONNECTIONS, async (connection) => {
        times.push(await timeOf(() => fetchPage(connection)))
      })
      const note = `p50 ${median(times).toFixed(1)} ms, ${Math.round(value)} pages/s`
      return { value: percentile(times, 0.99), operations, note }
    },
  },
  {
    id: 'list-walk',
    says: `the same, each on a walk of its own: pages that nobody has asked for`,
    unit: 'ms',
    better: 'less',
    kind: 'own',
    runs: 1,
    async run(target, size) {
      const { name, users } = await colonyWithFinished(target, size)
      const [newest] = await page(users[0] as Caller, name, ended)
      if (!newest) throw new Error('the list is empty')
      const places = users.map((_, n) => Math.floor((finishedRows(size) * n) / users.length))
      const walk = async (connection: number) => {
        const user = users[connection] as Caller
        const after = idAt(newest, (places[connection] as number) + 1)
        places[connection] = (places[connection] as number) + PAGE
        await user.deliver(user.prepare(ended.payloadtype, { colonyname: name, ...ended.input, after }))
      }
      const times: number[] = []
      await rateFor(warmUpSeconds(size), CONNECTIONS, walk)
      const { value, operations } = await rateFor(size === 'short' ? 2 : 5, CONNECTIONS, async (connection) => {
        times.push(await timeOf(() => walk(connection)))
      })
      const note = `p50 ${median(times).toFixed(1)} ms, ${Math.round(value)} pages/s`
      return { value: percentile(times, 0.99), operations, note }
    },
  },
  {
    id: 'list-next-page',
    says: 'a page in the middle of 10 M processes (filled) over the first one, the worst of four lists',
    unit: 'x',
    better: 'less',
    must: 1.2,
    kind: 'own',
    runs: 1,
    async run(target, size) {
      const { name, user } = await colonyWithFinished(target, size)
      const ratios: { says: string; ratio: number }[] = []
      for (const list of lists) {
        const [newest] = await page(user, name, list)
        if (!newest) throw new Error(`the list is empty: ${list.says}`)
        const after = idAt(newest, finishedRows(size) / 2)
        ratios.push({ says: list.says, ratio: await costOf({ user, name, list, after }) })
      }
      const note = ratios.map(({ says, ratio }) => `${says} ${ratio.toFixed(2)}`).join(', ')
      return { value: Math.max(...ratios.map(({ ratio }) => ratio)), note }
    },
  },
]

/** Of the nth process that was filled; the newest comes first. */
const idAt = ({ processid }: Listed, n: number) => `${processid.slice(0, 12)}${n.toString(16).padStart(52, '0')}`

/** The time of the page after a process, over that of the first page, one at a time and by turns. */
async function costOf(place: { user: Caller; name: string; list: List; after: string }): Promise<number> {
  const [first, later]: [number[], number[]] = [[], []]
  const end = performance.now() + SECONDS_MAX * 1_000
  for (let turn = 0; turn < TURNS && performance.now() < end; turn++) {
    first.push(await timeOf(() => page(place.user, place.name, place.list)))
    later.push(await timeOf(() => page(place.user, place.name, place.list, place.after)))
  }
  return median(later) / median(first)
}
