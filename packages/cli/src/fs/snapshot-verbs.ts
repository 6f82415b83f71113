import { randomBytes } from 'node:crypto'
import type { Output } from '@colonies/client'
import { flag, needed, noun, text, verb } from '../command.js'
import { confirm } from '../confirm.js'
import { UsageError } from '../exit-codes.js'
import { formatTime } from '../format-time.js'
import type { Column } from '../table.js'
import { created, done, item, list } from '../view.js'
import { allSnapshots } from '../whole-lists.js'
import { withFiles } from './open-files.js'

type Snapshot = Output<'getSnapshot'>

const columnsOf = (ids: boolean): readonly Column<Snapshot>[] => [
  ...(ids ? [{ header: 'SNAPSHOT ID', of: ({ snapshotid }: Snapshot) => snapshotid, whole: true }] : []),
  { header: 'ADDED', of: ({ added }) => formatTime(added), whole: true },
  { header: 'FILES', of: ({ fileids }) => fileids?.length ?? 0 },
  { header: 'LABEL', of: ({ label }) => label || '/' },
  // Names that were made up are as long as ids, and as useless when they are cut.
  { header: 'NAME', of: ({ name }) => name, whole: true },
]

const fields: readonly Column<Snapshot>[] = [
  { header: 'Name', of: ({ name }) => name },
  { header: 'Snapshot id', of: ({ snapshotid }) => snapshotid },
  { header: 'Label', of: ({ label }) => label || '/' },
  { header: 'Files', of: ({ fileids }) => fileids?.length ?? 0 },
  { header: 'Added', of: ({ added }) => formatTime(added) },
]

const which = {
  snapshotname: text('name of the snapshot', { short: 'n' }),
  snapshotid: text('id of the snapshot', { short: 'i' }),
}

function wish({ snapshotname, snapshotid }: { snapshotname: string; snapshotid: string }) {
  if (snapshotid !== '') return { snapshotid }
  if (snapshotname !== '') return { name: snapshotname }
  throw new UsageError('Which snapshot? Give its name, or its id with --snapshotid.')
}

export const snapshotVerbs = noun(
  'snapshot',
  'The files of a label as they were at one moment; they stay while the snapshot does.',
  [
    verb({
      name: 'create',
      summary: 'Take a snapshot of a label and all labels below it.',
      positional: ['label', 'snapshotname'],
      options: {
        label: needed('label, such as /data', { short: 'l' }),
        snapshotname: text('name of the snapshot (made up when left out)', { short: 'n' }),
      },
      async run({ label, snapshotname }, { member, colonyname }) {
        const name = snapshotname || randomBytes(32).toString('hex')
        const snapshot = await member.createSnapshot({ colonyname, label, name })
        const files = snapshot.fileids?.length ?? 0
        return created(`Snapshot ${name} has ${files} files.`, snapshot.snapshotid, snapshot)
      },
    }),
    verb({
      name: 'ls',
      summary: 'List snapshots, newest first.',
      options: { ids: flag('ids, too', { short: 'i' }) },
      async run({ ids }, session) {
        const snapshots = await allSnapshots(session)
        return list(snapshots, columnsOf(ids), { id: ({ snapshotid }) => snapshotid, none: 'No snapshots.' })
      },
    }),
    verb({
      name: 'get',
      aliases: ['info'],
      summary: 'Show one snapshot.',
      positional: ['snapshotname'],
      options: which,
      async run(values, { member, colonyname }) {
        const snapshot = await member.getSnapshot({ colonyname, ...wish(values) })
        return item(snapshot, snapshot.snapshotid, fields)
      },
    }),
    verb({
      name: 'download',
      summary: 'Bring the files of a snapshot into a folder; those that are there already are not moved.',
      positional: ['snapshotname', 'dir'],
      options: { ...which, dir: needed('folder', { short: 'd' }) },
      async run({ dir, ...values }, session) {
        return withFiles(session, async (files, signal) => {
          const moved = await files.getSnapshot(wish(values), dir, {
            signal,
            onFile: ({ label, name }) => session.out.say(`${label === '/' ? '' : label}/${name}`),
          })
          return done(`${moved} files were brought to ${dir}.`, { dir, files: moved })
        })
      },
    }),
    verb({
      name: 'remove',
      summary: 'Remove a snapshot; files that only it had are gone then.',
      positional: ['snapshotname'],
      options: { ...which, yes: flag('do not ask', { short: 'y' }) },
      async run({ yes, ...values }, session) {
        const { member, colonyname } = session
        const snapshot = await member.getSnapshot({ colonyname, ...wish(values) })
        await confirm(`Snapshot ${snapshot.name} will be removed.`, yes, session)
        await member.removeSnapshot({ colonyname, snapshotid: snapshot.snapshotid })
        return done(`Snapshot ${snapshot.name} was removed.`, { snapshotid: snapshot.snapshotid })
      },
    }),
    verb({
      name: 'removeall',
      summary: 'Remove all snapshots of the colony.',
      options: { yes: flag('do not ask', { short: 'y' }) },
      async run({ yes }, session) {
        const { member, colonyname } = session
        await confirm(`All snapshots of colony ${colonyname} will be removed.`, yes, session)
        await member.removeAllSnapshots({ colonyname })
        return done('All snapshots were removed.', { colonyname })
      },
    }),
  ],
)
