import { labelOfFolder, type SyncFailure, type SyncPlan } from '@colonies/colonyfs'
import { choice, flag, integer, text, verb } from '../command.js'
import { ExitCode, UsageError } from '../exit-codes.js'
import type { Session } from '../session.js'
import type { View } from '../view.js'
import { withFiles } from './open-files.js'
import { ProgressLine } from './progress-line.js'
import { countOfFiles, describePlan, planTable, sizeOf } from './sync-plan.js'

const parallelMax = 64

export const syncVerb = verb({
  name: 'sync',
  summary: 'Make a folder here and a label of the colony have the same files, after showing what that takes.',
  positional: ['dir'],
  options: {
    dir: text('folder (the current one when left out)', { short: 'd' }),
    label: text('label, such as /data (that of the last time when left out)', { short: 'l' }),
    keeplocal: choice('where both sides changed, keep what is here (true when left out)', ['true', 'false']),
    delete: flag('remove on one side what was removed on the other since the last sync'),
    dry: flag('only show what would be done'),
    syncplans: flag('show each file'),
    yes: flag('do not ask', { short: 'y' }),
    quiet: flag('say nothing unless something fails; needs --yes', { short: 'q' }),
    quite: flag('as --quiet', { hidden: true }),
    parallel: integer('transfers at once', { min: 1, max: parallelMax, otherwise: 8 }),
    driver: text('only s3', { hidden: true }),
  },
  async run(values, session) {
    const dir = values.dir || '.'
    const quiet = values.quiet || values.quite
    const label = values.label || (await labelOfFolder(dir))
    if (!label) throw new UsageError(`With which label? ${dir} was never synced, so give one with --label /name.`)
    if (quiet && !values.yes) throw new UsageError('--quiet asks nothing, so it needs --yes.')
    const asked = { dir, label, keepLocal: values.keeplocal !== 'false', deletions: values.delete }
    return withFiles(session, async (files, signal) => {
      const plan = await files.planSync({ ...asked, signal })
      if (!quiet) showPlan(plan, values, session)
      if (values.dry || plan.changes.length === 0) return viewOf(plan, plan.unreadable)
      await confirmPlan(values.yes, session)
      const line = new ProgressLine(session.io, quiet || session.out.format !== 'table')
      try {
        const options = { signal, parallel: values.parallel, onProgress: line.showSync.bind(line) }
        const failures = [...plan.unreadable, ...(await files.applySync(plan, options))]
        return viewOf(plan, failures, { done: true, quiet })
      } finally {
        line.end()
      }
    })
  },
})

function showPlan(plan: SyncPlan, { syncplans }: { syncplans: boolean }, { out }: Session): void {
  for (const line of describePlan(plan)) out.say(line)
  if (plan.changes.length === 0) out.say('  nothing to do')
  else if (syncplans) out.say(planTable(plan, out.style).trimEnd())
}

async function confirmPlan(yes: boolean, { io }: Session): Promise<void> {
  if (yes) return
  const answer = await io.ask('Do this? [yes/no] ')
  if (answer === undefined)
    throw new UsageError('Nobody can be asked here: give --yes to do this, or --dry to only look.')
  if (!/^y(es)?$/i.test(answer.trim())) throw new UsageError('Nothing was done.')
}

/** For programs, what was planned and what became of it; people have seen the plan. */
function viewOf(
  { dir, label, changes, unchanged }: SyncPlan,
  failures: readonly SyncFailure[],
  { done = false, quiet = false } = {},
): View {
  const failed = new Map(failures.map(({ path, error }) => [path, error.message]))
  const moved = changes.filter(({ path }) => !failed.has(path))
  const sentence =
    failed.size > 0
      ? `${countOfFiles(failed.size)} failed, ${moved.length} are done; run it again to try the others.`
      : `${countOfFiles(moved.length)} done.`
  return {
    data: {
      dir,
      label,
      unchanged,
      done,
      changes: changes.map((change) => ({
        action: change.action,
        path: change.path,
        size: sizeOf(change),
        conflict: change.conflict,
        error: failed.get(change.path) ?? '',
      })),
      failed: failures.map(({ path, error }) => ({ path, error: error.message })),
    },
    ids: moved.map(({ path }) => path),
    text: () =>
      [...failed].map(([path, message]) => `${message.includes(path) ? '' : `${path}: `}${message}\n`).join(''),
    note: failed.size > 0 || (done && !quiet) ? sentence : undefined,
    exitCode: failed.size > 0 ? ExitCode.failure : undefined,
  }
}
