import type { Output } from '@colonies/client'
import { flag, needed, noun, text, verb } from '../command.js'
import { confirm } from '../confirm.js'
import type { Column } from '../table.js'
import { done, list } from '../view.js'
import { allFileLabels } from '../whole-lists.js'
import { withFiles } from './open-files.js'

type Label = NonNullable<Output<'getFileLabels'>>[number]

const columns: readonly Column<Label>[] = [
  { header: 'LABEL', of: ({ name }) => name },
  { header: 'REVISIONS', of: ({ files }) => files },
]

export const labelVerbs = noun('label', 'Paths under which files are kept.', [
  verb({
    name: 'ls',
    summary: 'List labels that have files.',
    positional: ['prefix'],
    options: { prefix: text('only those that begin with this') },
    async run({ prefix }, session) {
      const labels = await allFileLabels(session, prefix)
      return list(labels, columns, { id: ({ name }) => name, none: 'No labels.' })
    },
  }),
  verb({
    name: 'remove',
    summary: 'Remove a label and all labels below it, with all files and their revisions.',
    positional: ['label'],
    options: { label: needed('label, such as /data', { short: 'l' }), yes: flag('do not ask', { short: 'y' }) },
    async run({ label, yes }, session) {
      await confirm(`All files of label ${label} and of those below it will be removed.`, yes, session)
      return withFiles(session, async (files, signal) => {
        const removed = await files.removeTree(label, { signal })
        return done(`${removed} revisions were removed.`, { label, removed })
      })
    },
  }),
])
