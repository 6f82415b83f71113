import { rm, rmdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { explained } from './file-error.js'
import { requireNoLink, scanFolder } from './local-files.js'
import { localPath, pathOf } from './places.js'
import { type InColony, listTree } from './remote-files.js'
import type { SyncFailure } from './sync.js'

/** Files of a folder here that the label does not have. Nothing has been changed by making it. */
export interface CleanPlan {
  readonly dir: string
  readonly label: string
  readonly surplus: readonly { readonly path: string; readonly size: number }[]
  /** Files that the label has too, with this content or another. */
  readonly kept: number
  /** Files of the label and below it; where there are none, all files here are surplus. */
  readonly remote: number
}

/** Looks at both sides; names decide, so nothing is read. */
export async function planClean(colony: InColony, { dir, label }: { dir: string; label: string }): Promise<CleanPlan> {
  const remote = new Set<string>()
  for await (const file of listTree(colony, label)) remote.add(pathOf(label, file))
  const { files } = await scanFolder(dir, { known: () => '' })
  const surplus = [...files.values()].filter(({ path }) => !remote.has(path)).map(({ path, size }) => ({ path, size }))
  return { dir, label, surplus, kept: files.size - surplus.length, remote: remote.size }
}

/** Removes what is surplus, and the folders that are empty then. @returns what failed */
export async function applyClean({ dir, surplus }: CleanPlan): Promise<SyncFailure[]> {
  const failures: SyncFailure[] = []
  for (const { path } of surplus) {
    try {
      await requireNoLink(dir, path)
      await rm(localPath(dir, path), { force: true })
      await removeEmptyFolders(dir, dirname(path))
    } catch (error) {
      failures.push({ path, error: explained(error, path) })
    }
  }
  return failures
}

async function removeEmptyFolders(root: string, folder: string): Promise<void> {
  if (folder === '.') return
  try {
    await rmdir(localPath(root, folder))
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(code)) return // there is more in it, or it is gone already
    throw error
  }
  await removeEmptyFolders(root, dirname(folder))
}
