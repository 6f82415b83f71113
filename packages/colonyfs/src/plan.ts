/** What is known of the content of a file, here or there. */
export interface Content {
  /** SHA-256 as lower-case hex. */
  readonly checksum: string
  /** Bytes. */
  readonly size: number
}

export type SyncAction =
  /** Only here, or newer here. */
  | 'upload'
  /** Only there, or newer there. */
  | 'download'
  /** Removed there since the last sync, and not changed here. */
  | 'remove-local'
  /** Removed here since the last sync, and not changed there. */
  | 'remove-remote'

export interface PlannedChange<Remote extends Content> {
  readonly action: SyncAction
  /** Below the folder, with slashes: `sub/a.txt`. */
  readonly path: string
  readonly local: Content | undefined
  readonly remote: Remote | undefined
  /** Changed here and there since the last sync; `action` is what `keepLocal` made of it. */
  readonly conflict: boolean
}

export interface PlanOptions {
  /** Who wins where both sides changed. */
  readonly keepLocal: boolean
  /** Whether what was removed on one side is removed on the other; otherwise it comes back. */
  readonly deletions: boolean
}

export interface Sides<Remote extends Content> {
  readonly local: ReadonlyMap<string, Content>
  readonly remote: ReadonlyMap<string, Remote>
  /** Checksums as they were on both sides after the last sync; empty when there was none. */
  readonly before: ReadonlyMap<string, string>
}

/**
 * What has to happen so that both sides have the same files, by path. Contents decide, never times.
 *
 * With what was there after the last sync it is known which side changed, so the newer content wins; where both did, or
 * nothing is known, `keepLocal` decides.
 */
export function planChanges<Remote extends Content>(
  { local, remote, before }: Sides<Remote>,
  options: PlanOptions,
): PlannedChange<Remote>[] {
  const paths = [...new Set([...local.keys(), ...remote.keys()])].sort()
  return paths.flatMap((path) => {
    const here = local.get(path)
    const there = remote.get(path)
    const decided = decide({ here: here?.checksum, there: there?.checksum, before: before.get(path) }, options)
    return decided ? [{ ...decided, path, local: here, remote: there }] : []
  })
}

interface Checksums {
  here: string | undefined
  there: string | undefined
  before: string | undefined
}

function decide(
  { here, there, before }: Checksums,
  { keepLocal, deletions }: PlanOptions,
): { action: SyncAction; conflict: boolean } | undefined {
  if (here === there) return undefined
  const change = (action: SyncAction, conflict = false) => ({ action, conflict })
  if (there === undefined) return change(deletions && here === before ? 'remove-local' : 'upload')
  if (here === undefined) return change(deletions && there === before ? 'remove-remote' : 'download')
  if (here === before) return change('download')
  if (there === before) return change('upload')
  return change(keepLocal ? 'upload' : 'download', true)
}
