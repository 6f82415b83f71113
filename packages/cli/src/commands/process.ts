import { limits } from '@colonies/protocol'
import { parseJsonList, splitList } from '../arguments.js'
import { choice, flag, integer, needed, noun, text, texts, verb } from '../command.js'
import { confirm } from '../confirm.js'
import { findProcessId } from '../ids.js'
import { listOptions, stateVerbs } from '../list-options.js'
import { executorNames, listProcesses, processList } from '../list-processes.js'
import { removalOptions, stateToRemove } from '../remove-all.js'
import { logOptions, showLog } from '../show-log.js'
import { processView } from '../show-process.js'
import { stateNames, stateNumber } from '../state-names.js'
import { created, done } from '../view.js'
import { outputView } from '../wait-for-process.js'
import { pauseVerbs } from './colony.js'

const processid = needed('id of the process, or its beginning', { short: 'p' })

const filters = {
  type: text('only for this executor type'),
  executortype: text('the same', { hidden: true }),
  label: text('only with this label'),
  initiator: text('only submitted by this user'),
  ...listOptions,
}

export const processCommands = noun('process', 'What was submitted, from the queue to its end.', [
  verb({
    name: 'ls',
    summary: 'List processes, newest first; waiting ones alone in the order of the queue.',
    options: { state: choice('only in this state', stateNames), ...filters },
    run: ({ state, ...given }, session) => listProcesses(state, given, session),
  }),
  ...stateVerbs(filters, listProcesses),
  verb({
    name: 'get',
    summary: 'Show one process.',
    positional: ['processid'],
    options: { processid, out: flag('only its output') },
    async run({ processid, out }, session) {
      const process = await session.member.getProcess({ processid: await findProcessId(processid, session) })
      if (out) return outputView(process)
      const names = await executorNames([process], session)
      return processView(process, names.get(process.assignedexecutorid))
    },
  }),
  verb({
    name: 'logs',
    summary: 'Print the log of a process.',
    positional: ['processid'],
    options: { processid, ...logOptions },
    run: async ({ processid, ...given }, session) =>
      showLog({ ...given, processid: await findProcessId(processid, session), executorname: '' }, session),
  }),
  verb({
    name: 'history',
    summary: 'List processes of one state that were submitted of late, oldest first.',
    options: {
      state: choice('state; success when left out', stateNames),
      seconds: integer('submitted within so many seconds', { min: 1, max: 2 ** 31 - 1, otherwise: 86_400 }),
      executorid: text('only of this executor'),
      ids: flag('whole ids', { short: 'i' }),
    },
    async run({ state = 'success', seconds, executorid, ids }, session) {
      const { member, colonyname } = session
      const found = await member.getProcessHistory({ colonyname, executorid, seconds, state: stateNumber(state) })
      return processList(found, { ids }, session)
    },
  }),
  verb({
    name: 'assign',
    summary: 'Wait for a process and take it, as an executor.',
    options: {
      timeout: integer('how many seconds to wait', { min: 0, max: limits.assignHoldSecondsMax, otherwise: 100 }),
    },
    async run({ timeout }, { member, colonyname }) {
      // 0 would ask to wait for ever in some servers; a negative time is answered at once by all.
      const process = await member.assign({ colonyname, timeout: timeout === 0 ? -1 : timeout })
      return created(`Process of function ${process.spec.funcname} is yours now.`, process.processid, process)
    },
  }),
  verb({
    name: 'close',
    summary: 'Close a process as successful, as the executor that holds it.',
    positional: ['processid'],
    options: {
      processid,
      out: texts('output, as texts with commas between'),
      outJson: text('output, as a JSON array'),
    },
    async run({ processid, out, outJson }, session) {
      const id = await findProcessId(processid, session)
      const output = [...splitList(out), ...parseJsonList(outJson, '--out-json')]
      await session.member.closeSuccessful({ processid: id, out: output })
      return done('The process was closed as successful.', { processid: id })
    },
  }),
  verb({
    name: 'fail',
    summary: 'Close a process as failed, as the executor that holds it.',
    positional: ['processid'],
    options: { processid, errors: texts('reasons, with commas between') },
    async run({ processid, errors }, session) {
      const id = await findProcessId(processid, session)
      await session.member.closeFailed({ processid: id, errors: splitList(errors) })
      return done('The process was closed as failed.', { processid: id })
    },
  }),
  verb({
    name: 'unassign',
    summary: 'Give a process back to the queue, as the executor that holds it.',
    positional: ['processid'],
    options: { processid },
    async run({ processid }, session) {
      const id = await findProcessId(processid, session)
      await session.member.unassign({ processid: id })
      return done('The process waits again.', { processid: id })
    },
  }),
  verb({
    name: 'cancel',
    summary: 'Cancel a waiting or running process that is not part of a workflow.',
    positional: ['processid'],
    options: { processid },
    async run({ processid }, session) {
      const id = await findProcessId(processid, session)
      await session.member.cancelProcess({ processid: id })
      return done('The process was cancelled.', { processid: id })
    },
  }),
  verb({
    name: 'remove',
    summary: 'Remove a process that is not running and not part of a workflow.',
    positional: ['processid'],
    options: { processid, yes: flag('do not ask', { short: 'y' }) },
    async run({ processid, yes }, session) {
      const id = await findProcessId(processid, session)
      await confirm(`Process ${id} will be removed.`, yes, session)
      await session.member.removeProcess({ processid: id })
      return done('The process was removed.', { processid: id })
    },
  }),
  verb({
    name: 'removeall',
    summary: 'Remove all processes of one state outside of workflows, as the colony owner.',
    options: removalOptions,
    async run(given, session) {
      const { state, words } = stateToRemove(given)
      const { colonyOwner, colonyname } = session
      await confirm(`All ${words} processes of colony ${colonyname} will be removed.`, given.yes, session)
      await colonyOwner.removeAllProcesses({ colonyname, state })
      return done(`All ${words} processes were removed.`, { colonyname })
    },
  }),
  ...pauseVerbs(true),
])
