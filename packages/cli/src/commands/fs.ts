import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { FileWish, RemoteFile } from '@colonies/colonyfs'
import { flag, needed, noun, text, verb } from '../command.js'
import { confirm } from '../confirm.js'
import { UsageError } from '../exit-codes.js'
import { formatBytes } from '../format-bytes.js'
import { formatTime } from '../format-time.js'
import { cleanVerb } from '../fs/clean-verb.js'
import { labelVerbs } from '../fs/label-verbs.js'
import { withFiles } from '../fs/open-files.js'
import { ProgressLine } from '../fs/progress-line.js'
import { snapshotVerbs } from '../fs/snapshot-verbs.js'
import { syncVerb } from '../fs/sync-verb.js'
import type { Session } from '../session.js'
import type { Column } from '../table.js'
import { created, done, item, list, type View } from '../view.js'

type Revision = Omit<RemoteFile, 'initiatorid' | 'initiatorname'>

const columnsOf = (ids: boolean): readonly Column<RemoteFile>[] => [
  ...(ids ? [{ header: 'FILE ID', of: ({ fileid }: RemoteFile) => fileid, whole: true }] : []),
  { header: 'SIZE', of: ({ size }) => formatBytes(size), whole: true },
  { header: 'ADDED', of: ({ added }) => formatTime(added), whole: true },
  { header: 'BY', of: ({ initiatorname }) => initiatorname },
  // Last, since it may be longer than the line, and half a path is of no use.
  { header: 'FILE', of: ({ label, name }) => `${label === '/' ? '' : label}/${name}`, whole: true },
]

const revisionColumns: readonly Column<Revision>[] = [
  { header: 'FILE ID', of: ({ fileid }) => fileid, whole: true },
  { header: 'SIZE', of: ({ size }) => formatBytes(size) },
  { header: 'ADDED', of: ({ added }) => formatTime(added), whole: true },
]

const fields: readonly Column<Revision>[] = [
  { header: 'File', of: ({ label, name }) => `${label === '/' ? '' : label}/${name}` },
  { header: 'File id', of: ({ fileid }) => fileid },
  { header: 'Size', of: ({ size }) => `${formatBytes(size)} (${size} bytes)` },
  { header: 'SHA-256', of: ({ checksum }) => checksum },
  { header: 'Revision', of: ({ sequencenr }) => sequencenr },
  { header: 'Added', of: ({ added }) => formatTime(added) },
  { header: 'Bucket', of: ({ ref }) => ref.s3object.bucket },
  { header: 'Object', of: ({ ref }) => ref.s3object.object },
]

/** A file by its path, or as the original's command has it: by label and name, or by id. */
const which = {
  file: text('label and name, as /data/a.txt'),
  label: text('label, such as /data', { short: 'l' }),
  name: text('name of the file', { short: 'n' }),
  fileid: text('id of one revision', { short: 'i' }),
}

function wishOf({ file, label, name, fileid }: Record<keyof typeof which, string>): FileWish {
  if (fileid !== '') return { fileid }
  if (label !== '' && name !== '') return { label, name }
  const slash = file.lastIndexOf('/')
  if (file !== '' && !file.endsWith('/'))
    return { label: file.slice(0, Math.max(slash, 0)) || '/', name: file.slice(slash + 1) }
  throw new UsageError('Which file? Give label and name as /data/a.txt, or its id with --fileid.')
}

async function withProgress<Result>(
  { io, out }: Session,
  bytesTotal: number,
  work: (onBytes: (bytes: number) => void) => Promise<Result>,
): Promise<Result> {
  const line = new ProgressLine(io, out.format !== 'table')
  try {
    return await work(line.ofFile(bytesTotal))
  } finally {
    line.end()
  }
}

async function listRevisions(wish: FileWish, session: Session): Promise<View> {
  if ('fileid' in wish) throw new UsageError('An id is that of one revision: give label and name as /data/a.txt.')
  return withFiles(session, async (files) => {
    const found: Revision[] = []
    for await (const revision of files.revisions(wish)) found.push(revision)
    return list(found, revisionColumns, { id: ({ fileid }) => fileid, none: 'No revisions.' })
  })
}

export const fsCommands = noun('fs', 'Files of the colony: folders here, labels there.', [
  syncVerb,
  cleanVerb,
  verb({
    name: 'ls',
    summary: 'List the files of a label and of all labels below it.',
    positional: ['label'],
    options: {
      label: text('label, such as /data (all when left out)', { short: 'l' }),
      ids: flag('ids of the newest revisions, too', { short: 'i' }),
    },
    async run({ label, ids }, session) {
      return withFiles(session, async (files) => {
        const found: RemoteFile[] = []
        for await (const file of files.tree(label || '/')) found.push(file)
        return list(found, columnsOf(ids), { id: ({ fileid }) => fileid, none: 'No files.' })
      })
    },
  }),
  verb({
    name: 'info',
    summary: 'Show a file: its newest revision, the one of an id, or all with their ids.',
    positional: ['file'],
    options: { ...which, revisions: flag('list all revisions, newest first') },
    async run({ revisions, ...values }, session) {
      if (revisions) return listRevisions(wishOf(values), session)
      const [file] = await session.member.getFile({ colonyname: session.colonyname, ...wishOf(values), latest: true })
      return file && item(file, file.fileid, fields)
    },
  }),
  verb({
    name: 'put',
    summary: 'Store a file of this machine as a new revision.',
    positional: ['path', 'file'],
    options: { path: needed('file of this machine'), ...which },
    async run({ path, ...values }, session) {
      const intoLabel = values.file.endsWith('/') || (values.file === '' && values.label !== '' && values.name === '')
      const wish = intoLabel ? { label: values.file || values.label, name: basename(path) } : wishOf(values)
      if ('fileid' in wish) throw new UsageError('A new revision gets its id by itself: give label and name.')
      const found = await stat(path).catch(() => undefined) // that it is not there is told by `put`
      if (found?.isDirectory())
        throw new UsageError(`${path} is a folder: \`colonies fs sync ${path} --label /name\` stores its files.`)
      return withFiles(session, async (files, signal) => {
        const stored = await withProgress(session, found?.size ?? 0, (onBytes) =>
          files.put(path, wish, { signal, onBytes }),
        )
        const where = `${stored.label === '/' ? '' : stored.label}/${stored.name}`
        return created(`${path} was stored as ${where}, ${formatBytes(stored.size)}.`, where, stored)
      })
    },
  }),
  verb({
    name: 'get',
    summary: 'Bring a file here, and check that its bytes are those that were stored.',
    positional: ['file', 'dir'],
    options: {
      ...which,
      dir: text('folder, or name of the file here (the current folder when left out)', { short: 'd' }),
    },
    async run({ dir, ...values }, session) {
      return withFiles(session, async (files, signal) => {
        const { fileid, size } = await files.find(wishOf(values))
        const { path, file } = await withProgress(session, size, (onBytes) =>
          files.get({ fileid }, dir || '.', { signal, onBytes }),
        )
        return created(`${formatBytes(file.size)} came.`, path, { path, ...file })
      })
    },
  }),
  verb({
    name: 'remove',
    summary: 'Remove a file with all its revisions, or one revision by its id; snapshots keep what they have.',
    positional: ['file'],
    options: { ...which, yes: flag('do not ask', { short: 'y' }) },
    async run({ yes, ...values }, session) {
      const wish = wishOf(values)
      const what =
        'fileid' in wish
          ? `Revision ${wish.fileid}`
          : `${wish.label === '/' ? '' : wish.label}/${wish.name} with all its revisions`
      await confirm(`${what} will be removed.`, yes, session)
      return withFiles(session, async (files) => {
        await files.remove(wish)
        return done(`${what} was removed.`, 'fileid' in wish ? { fileid: wish.fileid } : { ...wish })
      })
    },
  }),
  labelVerbs,
  snapshotVerbs,
])
