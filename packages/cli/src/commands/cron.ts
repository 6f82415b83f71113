import type { Output } from '@colonies/client'
import { namesTimeZone, parseCronExpression } from '@colonies/core'
import { limits } from '@colonies/protocol'
import { choice, flag, integer, needed, noun, text, verb } from '../command.js'
import { confirm } from '../confirm.js'
import { UsageError } from '../exit-codes.js'
import { formatTime, formatZonedTime } from '../format-time.js'
import { shortId } from '../ids.js'
import type { Session } from '../session.js'
import { pickNamed, readStoredWorkflow, withWorkflow } from '../stored-workflow.js'
import type { Column } from '../table.js'
import { created, done, lines, list } from '../view.js'
import { allCrons } from '../whole-lists.js'

type Cron = Output<'getCron'>

function whenOf({ interval, random, cronexpression }: Cron): string {
  if (interval <= 0) return cronexpression
  return random ? `every 1 to ${interval} s` : `every ${interval} s`
}

/** Empty where the expression begins with one, or there is none. */
function timeZoneOf({ interval, cronexpression, timezone }: Cron): string {
  if (interval > 0 || namesTimeZone(cronexpression)) return ''
  return timezone || 'that of the server'
}

const columnsOf = (ids: boolean): readonly Column<Cron>[] => [
  { header: 'ID', of: ({ cronid }) => (ids ? cronid : shortId(cronid)), whole: true },
  { header: 'NAME', of: ({ name }) => name },
  { header: 'WHEN', of: whenOf },
  { header: 'NEXT RUN', of: ({ nextrun }) => formatZonedTime(nextrun) || 'never', whole: true },
  { header: 'LAST RUN', of: ({ lastrun }) => formatTime(lastrun), whole: true },
  { header: 'INITIATOR', of: ({ initiatorname }) => initiatorname },
]

const fields: readonly Column<Cron>[] = [
  { header: 'Id', of: ({ cronid }) => cronid },
  { header: 'Name', of: ({ name }) => name },
  { header: 'Initiator', of: ({ initiatorname, initiatorid }) => initiatorname || initiatorid },
  { header: 'When', of: whenOf },
  { header: 'Time zone', of: timeZoneOf },
  { header: 'Next run', of: ({ nextrun }) => formatZonedTime(nextrun) || 'never' },
  { header: 'Last run', of: ({ lastrun }) => formatZonedTime(lastrun) },
  { header: 'Last workflow', of: ({ prevprocessgraphid }) => prevprocessgraphid },
  { header: 'Missed times', of: ({ catchup }) => (catchup ? 'each runs' : 'one run for all') },
  {
    header: 'While it runs',
    of: ({ overlap, waitforprevprocessgraph }) => overlap || (waitforprevprocessgraph ? 'wait' : 'allow'),
  },
  { header: 'Looks every', of: ({ checkerperiod }) => `${checkerperiod} ms` },
  { header: 'Error', of: ({ lasterror }) => lasterror, colour: () => 'red' },
]

/** Too long for a column, and the first thing to know. */
const remark = ({ name, lasterror }: Cron) => lasterror && `${name} was not started: ${lasterror}`

const cronid = needed('name or id of the cron, or the beginning of its id')

async function findCronId(given: string, session: Session): Promise<string> {
  const named = (await allCrons(session)).map(({ cronid, name }) => ({ id: cronid, name }))
  return pickNamed(given, named, 'cron').id
}

export const cronCommands = noun('cron', 'Workflows that are started by time.', [
  verb({
    name: 'add',
    summary: 'Add a cron.',
    positional: ['name'],
    options: {
      name: needed('name of the cron'),
      spec: needed('file with an array of function specs in JSON or YAML; - is standard input', { short: 'f' }),
      cron: text('second, minute, hour, day of month, month, day of week; or @daily, @every 90s, ...'),
      interval: integer('seconds between runs, instead of --cron', { min: -1, max: 2 ** 31 - 1, otherwise: -1 }),
      random: flag('with --interval: pauses are random, up to it'),
      waitprevious: flag('a run waits until the one before has ended'),
      timezone: text('of --cron, such as Europe/Stockholm; else that of the server'),
      catchup: flag('each missed time runs, instead of one for all'),
      overlap: choice('while the run before has not ended', ['allow', 'wait', 'skip', 'cancel']),
      lenient: flag('leave out unknown fields of the file'),
    },
    examples: [
      'colonies cron add nightly --spec backup.json --cron "0 0 3 * * *" --timezone Europe/Stockholm',
      'colonies cron add heartbeat --spec ping.yaml --interval 30 --overlap skip',
    ],
    async run(given, session) {
      const { member, colonyname } = session
      refuseUnclear(given)
      const cron = await member.addCron({
        cron: {
          colonyname,
          name: given.name,
          cronexpression: given.cron,
          interval: given.interval || -1,
          random: given.random,
          waitforprevprocessgraph: given.waitprevious,
          timezone: given.timezone,
          catchup: given.catchup,
          overlap: given.overlap ?? '',
          workflowspec: await readStoredWorkflow(given.spec, given.lenient, session),
        },
      })
      const first = formatZonedTime(cron.nextrun)
      return created(
        `Cron ${given.name} was added; ${first ? `it runs at ${first}` : 'it never runs'}.`,
        cron.cronid,
        cron,
      )
    },
  }),
  verb({
    name: 'ls',
    summary: 'List the crons of the colony.',
    options: {
      count: integer('how many at most', { min: 1, max: limits.directoryCountMax, otherwise: 100 }),
      ids: flag('whole ids', { short: 'i' }),
    },
    async run({ count, ids }, session) {
      return list(await allCrons(session, count), columnsOf(ids), {
        id: (cron) => cron.cronid,
        none: 'No crons.',
        remark,
      })
    },
  }),
  verb({
    name: 'get',
    summary: 'Show one cron with its workflow.',
    positional: ['cronid'],
    options: { cronid },
    async run({ cronid }, session) {
      const cron = await session.member.getCron({ cronid: await findCronId(cronid, session) })
      return withWorkflow(cron, cron.cronid, fields)
    },
  }),
  verb({
    name: 'run',
    summary: 'Run a cron now, on top of its plan.',
    positional: ['cronid'],
    options: { cronid },
    examples: ['colonies cron run nightly'],
    async run({ cronid }, session) {
      const before = await session.member.getCron({ cronid: await findCronId(cronid, session) })
      const cron = await session.member.runCron({ cronid: before.cronid })
      const { prevprocessgraphid } = cron
      if (prevprocessgraphid === before.prevprocessgraphid)
        return done(`Cron ${cron.name} waits for its workflow ${shortId(prevprocessgraphid)}: nothing was started.`, {
          cronid: cron.cronid,
        })
      return created(`Cron ${cron.name} started a workflow.`, prevprocessgraphid, cron)
    },
  }),
  verb({
    name: 'next',
    summary: 'Print the next planned times of an expression; asks no server.',
    positional: ['cron'],
    options: {
      cron: needed('expression'),
      timezone: text('time zone; UTC when left out'),
      count: integer('how many', { min: 1, max: 1000, otherwise: 5 }),
    },
    examples: ['colonies cron next "0 0 3 * * MON-FRI" --timezone Europe/Stockholm'],
    run({ cron, timezone, count }) {
      const times = nextTimes(cron, timezone, count)
      return lines(times, times, times.length === 0 ? 'It never runs.' : undefined)
    },
  }),
  verb({
    name: 'remove',
    summary: 'Remove a cron; what it has started stays.',
    positional: ['cronid'],
    options: { cronid, yes: flag('do not ask', { short: 'y' }) },
    async run({ cronid, yes }, session) {
      const id = await findCronId(cronid, session)
      await confirm(`Cron ${cronid} will be removed.`, yes, session)
      await session.member.removeCron({ cronid: id })
      return done(`Cron ${cronid} was removed.`, { cronid: id })
    },
  }),
])

interface When {
  cron: string
  interval: number
  random: boolean
  timezone: string
}

/** What contradicts itself: the server would look at one half of it. */
function refuseUnclear({ cron, interval, random, timezone }: When): void {
  const hasInterval = interval > 0
  if (cron === '' && !hasInterval)
    throw new UsageError('When is it to run? Give --cron "0 0 3 * * *" or --interval 60.')
  if (cron !== '' && hasInterval) throw new UsageError('A cron has --cron or --interval, not both: leave one out.')
  if (hasInterval && timezone !== '') throw new UsageError('--timezone goes with --cron; --interval has no time zone.')
  if (!hasInterval && random) throw new UsageError('--random goes with --interval: a pause is random, a time is not.')
  if (cron !== '') readSchedule(cron) // the server knows whether it knows the time zone
}

function nextTimes(expression: string, timezone: string, count: number): string[] {
  const schedule = readSchedule(expression, timezone)
  const times: string[] = []
  let at = schedule.next(Date.now())
  while (at !== undefined && times.length < count) {
    times.push(new Date(at).toISOString().replace('.000Z', 'Z'))
    at = schedule.next(at)
  }
  return times
}

function readSchedule(expression: string, timezone = '') {
  const schedule = parsed(expression, 'UTC', `"${expression}" is no cron expression`)
  if (timezone === '') return schedule
  return parsed(expression, timezone, '--timezone takes names such as Europe/Stockholm')
}

function parsed(expression: string, timezone: string, what: string) {
  try {
    return parseCronExpression(expression, timezone)
  } catch (error) {
    throw new UsageError(`${what}: ${(error as Error).message}.`, { cause: error })
  }
}
