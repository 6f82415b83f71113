import type { Output } from '@colonies/client'
import { limits } from '@colonies/protocol'
import { flag, integer, needed, noun, text, verb } from '../command.js'
import { UsageError } from '../exit-codes.js'
import { formatNanoseconds } from '../format-time.js'
import { findProcessId, shortId } from '../ids.js'
import { logOptions, showLog } from '../show-log.js'
import type { Column } from '../table.js'
import { done, list } from '../view.js'

const columns: readonly Column<Output<'searchLogs'>[number]>[] = [
  { header: 'TIME', of: ({ timestamp }) => formatNanoseconds(timestamp), whole: true },
  { header: 'EXECUTOR', of: ({ executorname }) => executorname },
  { header: 'PROCESS', of: ({ processid }) => shortId(processid), whole: true },
  { header: 'MESSAGE', of: ({ message }) => message.trimEnd() },
]

export const logCommands = noun('log', 'What executors wrote while they worked.', [
  verb({
    name: 'add',
    summary: 'Add a line to the log of a process, as the executor that holds it.',
    positional: ['processid', 'msg'],
    options: { processid: needed('id of the process', { short: 'p' }), msg: needed('message', { short: 'm' }) },
    async run({ processid, msg }, session) {
      const id = await findProcessId(processid, session)
      await session.member.addLog({ processid: id, message: msg })
      return done('The line was added.', { processid: id })
    },
  }),
  verb({
    name: 'get',
    summary: 'Print the log of a process, or of an executor.',
    positional: ['processid'],
    options: {
      processid: text('id of the process, or its beginning', { short: 'p' }),
      executorname: text('name of an executor', { short: 'e' }),
      ...logOptions,
    },
    async run({ processid, executorname, ...given }, session) {
      if (processid === '' && executorname === '')
        throw new UsageError('Whose log? Give --processid or --executorname.')
      const id = processid === '' ? '' : await findProcessId(processid, session)
      return showLog({ ...given, processid: id, executorname }, session)
    },
  }),
  verb({
    name: 'search',
    summary: 'Find log lines that contain a text, newest first.',
    positional: ['text'],
    options: {
      text: needed('text', { short: 't' }),
      days: integer('within so many days', { short: 'd', min: 1, max: limits.logSearchDaysMax, otherwise: 1 }),
      count: integer('how many at most', { min: 1, max: limits.logSearchCountMax, otherwise: 20 }),
      print: flag('of no effect', { hidden: true }),
    },
    async run({ text, days, count }, { member, colonyname }) {
      const found = await member.searchLogs({ colonyname, text, days, count })
      return list(found, columns, { id: ({ processid }) => processid, none: 'No log line contains that.' })
    },
  }),
])
