import { labelOfFolder } from '@colonies/colonyfs'
import { flag, text, verb } from '../command.js'
import { confirm } from '../confirm.js'
import { ExitCode, UsageError } from '../exit-codes.js'
import { formatBytes } from '../format-bytes.js'
import { withFiles } from './open-files.js'
import { countOfFiles } from './sync-plan.js'

export const cleanVerb = verb({
  name: 'clean',
  summary: 'Remove files of a folder here that its label does not have, after showing them.',
  positional: ['dir'],
  options: {
    dir: text('folder (the current one when left out)', { short: 'd' }),
    label: text('label, such as /data (that of the last sync when left out)', { short: 'l' }),
    dry: flag('only show what would be removed'),
    yes: flag('do not ask', { short: 'y' }),
    quiet: flag('say nothing unless something fails; needs --yes', { short: 'q' }),
    quite: flag('as --quiet', { hidden: true }),
    cleanplans: flag('files are always shown', { hidden: true }),
    driver: text('only s3', { hidden: true }),
  },
  async run({ dir: folder, label: given, dry, yes, ...values }, session) {
    const dir = folder || '.'
    const quiet = values.quiet || values.quite
    const label = given || (await labelOfFolder(dir))
    if (!label) throw new UsageError(`By which label? ${dir} was never synced, so give one with --label /name.`)
    if (quiet && !yes) throw new UsageError('--quiet asks nothing, so it needs --yes.')
    return withFiles(session, async (files) => {
      const plan = await files.planClean({ dir, label })
      const bytes = plan.surplus.reduce((sum, { size }) => sum + size, 0)
      const count = `${countOfFiles(plan.surplus.length)} of ${dir} that ${plan.label} does not have (${formatBytes(bytes)})`
      if (!quiet) {
        for (const { path } of plan.surplus) session.out.say(`  remove here: ${path}`)
        session.out.say(`${count}; ${countOfFiles(plan.kept)} stay`)
      }
      const isDone = !dry && plan.surplus.length > 0
      if (isDone) await confirm(`Here will be removed: ${count}.`, yes, session)
      const failures = isDone ? await files.applyClean(plan) : []
      return {
        data: {
          dir,
          label: plan.label,
          done: isDone,
          removed: plan.surplus.map(({ path }) => path),
          failed: failures.map(({ path, error }) => ({ path, error: error.message })),
        },
        ids: plan.surplus.map(({ path }) => path),
        text: () => failures.map(({ error }) => `${error.message}\n`).join(''),
        note: isDone && !quiet ? `${countOfFiles(plan.surplus.length - failures.length)} removed.` : undefined,
        exitCode: failures.length > 0 ? ExitCode.failure : undefined,
      }
    })
  },
})
