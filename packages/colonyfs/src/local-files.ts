import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { explained, FileError } from './file-error.js'
import type { Content } from './plan.js'

/** A file of this machine, below the folder that is synced. */
export interface LocalFile extends Content {
  /** With slashes, whatever the system has. */
  readonly path: string
  readonly mtimeMs: number
}

export interface ScanOptions {
  /** A checksum that is known for a file of this size and time; saves reading it. */
  known?(path: string, stats: { size: number; mtimeMs: number }): string | undefined
  /** Called with each file whose content was read or known. */
  onFile?(file: LocalFile): void
  signal?: AbortSignal | undefined
}

export interface Scan {
  files: Map<string, LocalFile>
  /** Downloads that were interrupted, by path. */
  partial: string[]
  /** What is neither file nor folder, and links to folders: left alone. */
  skipped: string[]
  /** What could not be read, by path; of a folder nothing is known. */
  unreadable: Map<string, Error>
}

/** Names the folder's label for those who sync it again; never synced itself. */
export const LABEL_FILE = '.cfs'
const PARTIAL = /^\.[0-9a-f]{32}\.cfs-part$/

/**
 * Where a download is written until it is complete. The same for each try of the same revision, so that it can go on, and
 * short, because the name of the file may be as long as the system allows.
 */
export function partialName(name: string, fileid: string): string {
  const text = JSON.stringify([name, fileid])
  return `.${createHash('sha256').update(text).digest('hex').slice(0, 32)}.cfs-part`
}

/** Whether a file of that name is one of ours and no content. Whoever stores one in the colony is not followed. */
export function isOwnName(name: string): boolean {
  return name === LABEL_FILE || PARTIAL.test(name)
}

/** All files below a folder, with their checksums; none when there is no such folder. */
export async function scanFolder(root: string, options: ScanOptions = {}): Promise<Scan> {
  const scan: Scan = { files: new Map(), partial: [], skipped: [], unreadable: new Map() }
  await scanBelow(root, '', scan, options)
  return scan
}

async function scanBelow(root: string, below: string, scan: Scan, options: ScanOptions): Promise<void> {
  const entries = await readdir(join(root, below), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    if (below === '') throw explained(error, root)
    scan.unreadable.set(below, explained(error, below))
    return []
  })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    options.signal?.throwIfAborted()
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isDirectory()) await scanBelow(root, path, scan, options)
    else if (entry.name === LABEL_FILE) continue
    else if (PARTIAL.test(entry.name)) scan.partial.push(path)
    else if (await isFile(entry, join(root, path))) await scanFile(root, path, scan, options)
    else scan.skipped.push(path)
  }
}

/** Links to files count as files; links to folders could lead round in circles. */
async function isFile(entry: { isFile(): boolean; isSymbolicLink(): boolean }, path: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isFile()
  const target = await stat(path).catch(() => undefined) // a link to nothing is no file
  return target?.isFile() === true
}

async function scanFile(root: string, path: string, scan: Scan, { known, onFile, signal }: ScanOptions) {
  try {
    const { size, mtimeMs } = await stat(join(root, path))
    const checksum = known?.(path, { size, mtimeMs }) ?? (await checksumOf(join(root, path), signal))
    const file: LocalFile = { path, size, mtimeMs, checksum }
    scan.files.set(path, file)
    onFile?.(file)
  } catch (error) {
    signal?.throwIfAborted()
    scan.unreadable.set(path, explained(error, path))
  }
}

/** SHA-256 of a file as hex. */
export async function checksumOf(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  const bytes = createReadStream(path, { highWaterMark: 256 * 1024, ...(signal && { signal }) })
  for await (const chunk of bytes as AsyncIterable<Buffer>) hash.update(chunk)
  return hash.digest('hex')
}

/** Whether a file is still as it was scanned; the look is cheap, and says nothing about changes within a millisecond. */
export async function isUnchanged(root: string, { path, size, mtimeMs }: LocalFile): Promise<boolean> {
  const now = await stat(join(root, path)).catch(() => undefined)
  return now !== undefined && now.size === size && now.mtimeMs === mtimeMs
}

/**
 * Whoever stores files in the colony chooses their labels; a link of this machine must not carry them elsewhere.
 *
 * @throws FileError when a folder on the way to `path` is a link
 */
export async function requireNoLink(root: string, path: string): Promise<void> {
  const parts = path.split('/').slice(0, -1)
  for (const [index] of parts.entries()) {
    const folder = parts.slice(0, index + 1).join('/')
    const found = await lstat(join(root, folder)).catch(() => undefined) // it will be made
    if (found?.isSymbolicLink())
      throw new FileError(`${path}: ${folder} is a link to another folder, and nothing is changed behind links`)
  }
}
