import type { Stats } from 'node:fs'
import { lstat, mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AbortedError, ConnectionError } from '@colonies/client'
import { explained, FileError } from './file-error.js'
import {
  checksumOf,
  isOwnName,
  isUnchanged,
  LABEL_FILE,
  type LocalFile,
  partialName,
  requireNoLink,
  type Scan,
  scanFolder,
} from './local-files.js'
import { localPath, pathOf, placeOf } from './places.js'
import { type PlannedChange, type PlanOptions, planChanges } from './plan.js'
import { inPool } from './pool.js'
import { type InColony, listTree, type RemoteFile } from './remote-files.js'
import { UnreachableError } from './retry.js'
import type { Storage } from './storage.js'
import type { SyncMemory } from './sync-memory.js'
import { downloadFile, removeFile, uploadFile } from './transfers.js'

export interface SyncOptions extends PlanOptions {
  dir: string
  /** One slash in front, none at the end; `/` for all files of the colony. */
  label: string
  signal?: AbortSignal | undefined
  /** Called while local files are read. */
  onScan?: ((file: LocalFile) => void) | undefined
}

/** What a sync would do. Nothing has been changed by making it. */
export interface SyncPlan {
  readonly dir: string
  readonly label: string
  readonly changes: readonly PlannedChange<RemoteFile>[]
  /** Files that are equal on both sides. */
  readonly unchanged: number
  /** Local things that are neither files nor folders, and links to folders. */
  readonly skipped: readonly string[]
  /** What could not be read here; the plan leaves it alone on both sides. */
  readonly unreadable: readonly SyncFailure[]
  readonly scan: Scan
  readonly memory: SyncMemory
}

export interface SyncProgress {
  readonly filesDone: number
  readonly filesTotal: number
  readonly bytesDone: number
  readonly bytesTotal: number
}

export interface ApplyOptions {
  /** Transfers at once. */
  parallel: number
  onProgress?: ((progress: SyncProgress) => void) | undefined
  signal?: AbortSignal | undefined
}

export interface SyncFailure {
  readonly path: string
  readonly error: Error
}

/** How often what is in step is written down while a sync runs, so that an interrupted one knows what it did. */
const SAVE_MS = 5_000

/** Looks at both sides. */
export async function planSync(
  colony: InColony,
  memory: SyncMemory,
  { dir, label, signal, onScan, ...options }: SyncOptions,
): Promise<SyncPlan> {
  const remote = new Map<string, RemoteFile>()
  for await (const file of listTree(colony, label)) {
    if (!isOwnName(file.name)) remote.set(pathOf(label, file), file)
  }
  const scan = await scanFolder(dir, {
    known: (path, stats) => memory.known(path, stats),
    signal,
    ...(onScan && { onFile: onScan }),
  })
  const changes = planChanges({ local: scan.files, remote, before: memory.checksums }, options).filter(
    ({ path }) => !isUnreadable(scan, path),
  )
  const changed = new Set(changes.map(({ path }) => path))
  for (const file of scan.files.values()) if (!changed.has(file.path)) memory.inStep(file)
  for (const path of memory.checksums.keys()) {
    if (!scan.files.has(path) && !remote.has(path) && !isUnreadable(scan, path)) memory.forget(path)
  }
  const unchanged = scan.files.size - changes.filter(({ local }) => local).length
  const unreadable = [...scan.unreadable].map(([path, error]) => ({ path, error }))
  return { dir, label, changes, unchanged, skipped: scan.skipped, unreadable, scan, memory }
}

/** A file that cannot be read, or one below a folder that cannot. */
function isUnreadable({ unreadable }: Scan, path: string): boolean {
  if (unreadable.size === 0) return false
  const parts = path.split('/')
  return parts.some((_, index) => unreadable.has(parts.slice(0, index + 1).join('/')))
}

/**
 * Carries a plan out, some transfers at a time. One that fails does not stop the others.
 *
 * @returns what failed; what did not is done, and stays done when this is interrupted
 * @throws AbortedError when `signal` is aborted; UnreachableError or ConnectionError when nobody answers any more
 */
export async function applySync(
  colony: InColony & { storage: Storage },
  plan: SyncPlan,
  { parallel, onProgress, signal }: ApplyOptions,
): Promise<SyncFailure[]> {
  const { memory } = plan
  const failures: SyncFailure[] = []
  const progress = progressOf(plan, onProgress)
  if (plan.changes.length > 0) await prepareFolder(plan)
  let savedAt = Date.now()
  try {
    await inPool(plan.changes, { parallel, signal }, async (change) => {
      try {
        const { onBytes } = progress
        await applyChange({ ...colony, plan }, change, { onBytes, signal })
      } catch (error) {
        // Nor does anything get better by waiting for each of the others.
        if (signal?.aborted || error instanceof UnreachableError || error instanceof ConnectionError) throw error
        failures.push({ path: change.path, error: explained(error, change.path) })
      }
      progress.fileDone()
      if (Date.now() - savedAt > SAVE_MS) {
        savedAt = Number.POSITIVE_INFINITY // one at a time
        await memory.save()
        savedAt = Date.now()
      }
    })
  } catch (error) {
    throw signal?.aborted
      ? new AbortedError('The sync was interrupted; run it again to go on', { cause: error })
      : error
  } finally {
    await memory.save()
  }
  if (failures.length === 0) await removeStalePartials(plan)
  return failures
}

/** Makes the folder, and leaves its label for the next time. */
async function prepareFolder({ dir, label }: SyncPlan): Promise<void> {
  try {
    await mkdir(dir, { recursive: true })
    await writeFile(join(dir, LABEL_FILE), JSON.stringify({ label }))
  } catch (error) {
    throw explained(error, dir)
  }
}

interface Applying extends InColony {
  storage: Storage
  plan: SyncPlan
}

async function applyChange(
  { client, colonyname, storage, plan }: Applying,
  change: PlannedChange<RemoteFile>,
  options: { onBytes(bytes: number): void; signal: AbortSignal | undefined },
): Promise<void> {
  const { dir, label, scan, memory } = plan
  const { action, path, remote } = change
  const local = scan.files.get(path)
  const place = placeOf(label, path)
  const target = localPath(dir, path)
  if (action === 'upload' && local) {
    const previous = remote?.fileid ?? 'none'
    await uploadFile({ client, colonyname, storage }, { root: dir, file: local, place, previous }, options)
    memory.inStep(local)
  } else if (action === 'download' && remote) {
    // Whoever wrote to it since the plan was made must not lose that.
    await requireNoLink(dir, path)
    await requireAsPlanned(dir, path, local)
    await downloadFile(storage, remote, target, options)
    const { size, mtimeMs } = await stat(target)
    memory.inStep({ path, size, mtimeMs, checksum: remote.checksum })
  } else if (action === 'remove-local' && local) {
    await requireNoLink(dir, path)
    await requireAsPlanned(dir, path, local)
    await rm(target, { force: true })
    memory.forget(path)
  } else if (action === 'remove-remote' && remote) {
    await removeFile({ client, colonyname, storage }, place)
    memory.forget(path)
  }
}

async function requireAsPlanned(dir: string, path: string, local: LocalFile | undefined): Promise<void> {
  if (local && (await isUnchanged(dir, local))) return
  const found = await lstat(localPath(dir, path)).catch(() => undefined)
  if (!local && !found) return
  if (!local && found && !found.isFile())
    throw new FileError(`${path}: ${kindOf(found)} has this name here; move it away`)
  throw new FileError(`${path} was changed here since the plan was made; sync again`)
}

function kindOf(found: Stats): string {
  return found.isDirectory() ? 'a folder' : found.isSymbolicLink() ? 'a link' : 'something that is no file'
}

/** Downloads that were interrupted and are not wanted any more, because something else was stored since. */
async function removeStalePartials({ dir, scan, changes }: SyncPlan): Promise<void> {
  const wanted = new Set(
    changes.flatMap(({ action, path, remote }) =>
      action === 'download' && remote
        ? [join(dirname(path), partialName(path.split('/').at(-1) ?? '', remote.fileid))]
        : [],
    ),
  )
  for (const path of scan.partial) if (!wanted.has(path)) await rm(localPath(dir, path), { force: true })
}

function progressOf({ changes }: SyncPlan, onProgress: ApplyOptions['onProgress']) {
  const sizeOf = ({ action, local, remote }: PlannedChange<RemoteFile>) =>
    action === 'upload' ? (local?.size ?? 0) : action === 'download' ? (remote?.size ?? 0) : 0
  const state = {
    filesDone: 0,
    filesTotal: changes.length,
    bytesDone: 0,
    bytesTotal: changes.reduce((sum, change) => sum + sizeOf(change), 0),
  }
  return {
    onBytes(bytes: number) {
      state.bytesDone += bytes
      onProgress?.(state)
    },
    fileDone() {
      state.filesDone += 1
      onProgress?.(state)
    },
  }
}

/** Whether a local file has the content of a revision. */
export async function hasContent(path: string, remote: RemoteFile): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() === true && found.size === remote.size && (await checksumOf(path)) === remote.checksum
}
