import { createHash } from 'node:crypto'
import { type FileHandle, link, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { type ColonyKey, makeFolder } from '@colonies/database'
import { newId } from '@colonies/identity'

/** A file that has all its bytes, and no name that anybody knows yet. */
export interface ReceivedFile {
  readonly size: number
  /** MD5 of the content as hex; empty when it was not asked for. */
  readonly md5: string
  /** Makes it last; nothing is left when this throws. Until then a crash loses it. @returns its file id */
  keep(): Promise<string>
}

/** Bytes from `start` to `end`, both included. */
export interface ByteRange {
  start: number
  end: number
}

const IDENTITY = 'store-id'
const INCOMING = 'incoming'

/**
 * The files of the object store: `<colony>/<last two digits>/<file id>`. A file is written below `incoming`, and gets its
 * place when it is complete; it is never changed afterwards. What files mean is in the database.
 */
export class ObjectFolder {
  readonly #root: string

  private constructor(root: string) {
    this.#root = root
  }

  /** @throws Error with a sentence when the folder cannot be written, or belongs to the store of another database */
  static async open(root: string, storeId: string): Promise<ObjectFolder> {
    await makeFolder(join(root, INCOMING), 0o700)
    const path = join(root, IDENTITY)
    // `wx`: of replicas that start at once in one folder, one writes.
    await writeFile(path, storeId, { flag: 'wx', mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    if ((await readFile(path, 'utf8')) !== storeId)
      throw new Error(
        `The folder ${root} holds the objects of another database. Give each database a folder of its own: set COLONIES_STORE_DIR.`,
      )
    return new ObjectFolder(root)
  }

  /** Writes what comes, and hashes it on the way. Nothing is left when `source` throws. */
  async receive(colony: ColonyKey, source: AsyncIterable<Uint8Array>, { hashed = true } = {}): Promise<ReceivedFile> {
    const path = join(this.#root, INCOMING, newId())
    const file = await open(path, 'wx', 0o600)
    try {
      return { ...(await write(file, source, hashed)), keep: () => this.#keep(colony, path, file) }
    } catch (error) {
      await file.close()
      await rm(path, { force: true })
      throw error
    }
  }

  async #keep(colony: ColonyKey, incoming: string, file: FileHandle): Promise<string> {
    try {
      await file.sync()
      // An id tells the time. One of when the bytes began to come could be that of a file whose row never came.
      const fileId = newId()
      const place = this.#pathOf(colony, fileId)
      await inFolder(dirname(place), () => rename(incoming, place))
      return fileId
    } catch (error) {
      await rm(incoming, { force: true })
      throw error
    } finally {
      await file.close()
    }
  }

  /** The same bytes once more, under a name of their own. @returns its file id; undefined when this folder has no such file */
  async copy(colony: ColonyKey, fileId: string): Promise<string | undefined> {
    const copy = newId()
    const place = this.#pathOf(colony, copy)
    return ifThere(async () => {
      await inFolder(dirname(place), () => link(this.#pathOf(colony, fileId), place))
      return copy
    })
  }

  /** @returns undefined when this folder has no such file */
  async read(colony: ColonyKey, fileId: string, range?: ByteRange): Promise<Readable | undefined> {
    const file = await ifThere(() => open(this.#pathOf(colony, fileId), 'r'))
    return file?.createReadStream({ highWaterMark: 256 * 1024, ...range })
  }

  async has(colony: ColonyKey, fileId: string): Promise<boolean> {
    return (await ifThere(() => stat(this.#pathOf(colony, fileId)))) !== undefined
  }

  /** Files that are gone already are no error: somebody was first. */
  async remove(colony: ColonyKey, fileIds: readonly string[]): Promise<void> {
    for (const fileId of fileIds) await rm(this.#pathOf(colony, fileId), { force: true })
  }

  /** Removes what was begun to be written before that time, and is not being written any more. */
  async removeOldIncoming(before: number): Promise<number> {
    let removed = 0
    for (const name of await readdir(join(this.#root, INCOMING))) {
      const path = join(this.#root, INCOMING, name)
      const found = await stat(path).catch(() => undefined) // complete, and moved, since we looked
      if (found === undefined || found.mtimeMs >= before) continue
      await rm(path, { force: true })
      removed += 1
    }
    return removed
  }

  /** Colonies that have files here, also those that were removed since. */
  async colonies(): Promise<ColonyKey[]> {
    return (await readdir(this.#root)).filter((name) => /^\d+$/.test(name)).map(Number)
  }

  /** File ids of one colony, folder by folder. */
  async *files(colony: ColonyKey): AsyncGenerator<string[]> {
    const folder = join(this.#root, String(colony))
    for (const part of await readdir(folder)) yield await readdir(join(folder, part))
  }

  #pathOf(colony: ColonyKey, fileId: string): string {
    return join(this.#root, String(colony), fileId.slice(-2), fileId)
  }
}

async function write(
  file: FileHandle,
  source: AsyncIterable<Uint8Array>,
  hashed: boolean,
): Promise<{ size: number; md5: string }> {
  const md5 = hashed ? createHash('md5') : undefined
  let size = 0
  for await (const chunk of source) {
    md5?.update(chunk)
    let written = 0
    while (written < chunk.length) written += (await file.write(chunk, written)).bytesWritten
    size += chunk.length
  }
  return { size, md5: md5?.digest('hex') ?? '' }
}

/** @returns undefined where there is no such file; what else is wrong is thrown */
async function ifThere<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Gives a file its name in a folder, which is made when it is not there; both survive a loss of power. */
async function inFolder(folder: string, give: () => Promise<void>): Promise<void> {
  try {
    await give()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await syncFolder(dirname(folder))
    await syncFolder(dirname(dirname(folder)))
    await give()
  }
  await syncFolder(folder)
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
