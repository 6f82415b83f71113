import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { LocalFile } from './local-files.js'

interface Remembered {
  checksum: string
  size: number
  mtimeMs: number
}

interface Document {
  version: 1
  /** When it was begun to look at the files, in Unix milliseconds. */
  lookedAt: number
  files: Record<string, Remembered>
}

/** A file that was changed within this time before it was looked at may be changed again without getting another time. */
const RACY_MS = 2_000

/**
 * What both sides had after the last sync of one folder with one label. It lies outside of the folder; without it, a sync
 * only reads more and knows less about who changed what.
 */
export class SyncMemory {
  readonly #path: string
  readonly #files = new Map<string, Remembered>()
  /** Of the memory that was read. */
  #lookedAt = 0
  readonly #openedAt = Date.now()

  private constructor(path: string) {
    this.#path = path
  }

  /** @param stateDir where all memories lie; @param identity what is synced with what */
  static async open(stateDir: string, identity: { server: string; colonyname: string; label: string; dir: string }) {
    const { server, colonyname, label, dir } = identity
    const text = JSON.stringify([server, colonyname, label, resolve(dir)])
    const name = createHash('sha256').update(text).digest('hex').slice(0, 32)
    const memory = new SyncMemory(join(stateDir, `${name}.json`))
    await memory.#load()
    return memory
  }

  async #load(): Promise<void> {
    const text = await readFile(this.#path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    const document = text === undefined ? undefined : parse(text)
    if (!document) return
    this.#lookedAt = document.lookedAt
    for (const [path, file] of Object.entries(document.files)) this.#files.set(path, file)
  }

  /** Checksums by path, as both sides had them. */
  get checksums(): Map<string, string> {
    return new Map([...this.#files].map(([path, { checksum }]) => [path, checksum]))
  }

  /** The checksum of a file that has not been touched since it was last in step. */
  known(path: string, { size, mtimeMs }: { size: number; mtimeMs: number }): string | undefined {
    const file = this.#files.get(path)
    const untouched = file && file.size === size && file.mtimeMs === mtimeMs && mtimeMs < this.#lookedAt - RACY_MS
    return untouched ? file.checksum : undefined
  }

  /** Both sides have this content now. */
  inStep({ path, checksum, size, mtimeMs }: LocalFile): void {
    this.#files.set(path, { checksum, size, mtimeMs })
  }

  /** Neither side has the file any more. */
  forget(path: string): void {
    this.#files.delete(path)
  }

  /** Replaces the document whole: a crash leaves the old one or the new one. */
  async save(): Promise<void> {
    const document: Document = { version: 1, lookedAt: this.#openedAt, files: Object.fromEntries(this.#files) }
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
    const temporary = `${this.#path}.${process.pid}`
    try {
      await writeFile(temporary, JSON.stringify(document), { mode: 0o600 })
      await rename(temporary, this.#path)
    } finally {
      await rm(temporary, { force: true })
    }
  }
}

/** @returns undefined for what is no document of ours: it is only a memory, and is written anew */
function parse(text: string): Document | undefined {
  try {
    const document = JSON.parse(text) as Partial<Document>
    return document.version === 1 && typeof document.files === 'object' ? (document as Document) : undefined
  } catch {
    return undefined
  }
}
