import { mkdir, readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { type Client, NotFoundError } from '@colonies/client'
import { checkFileLabel, normaliseFileLabel } from '@colonies/core'
import { limits } from '@colonies/protocol'
import { applyClean, type CleanPlan, planClean } from './clean.js'
import { explained, FileError } from './file-error.js'
import { checksumOf, isOwnName, LABEL_FILE, requireNoLink } from './local-files.js'
import { type Environment, openStorage } from './open-storage.js'
import { localPath, pathOf } from './places.js'
import { inPool } from './pool.js'
import { listSnapshot, listTree, type RemoteFile } from './remote-files.js'
import type { Storage } from './storage.js'
import {
  type ApplyOptions,
  applySync,
  hasContent,
  planSync,
  type SyncFailure,
  type SyncOptions,
  type SyncPlan,
} from './sync.js'
import { SyncMemory } from './sync-memory.js'
import { downloadFile, type FileWish, removeFile, type TransferOptions, uploadFile } from './transfers.js'

export interface ColonyFsOptions {
  client: Client
  colonyname: string
  /** Address of the server, for its own object store. */
  server: string
  /** Where `AWS_S3_*` may name another store, and `XDG_STATE_HOME` another folder for memories: `process.env`, say. */
  env: Environment
  /** Where is remembered what was synced; below the home folder when left out. */
  stateDir?: string
  /** Transfers at once. */
  parallel?: number
}

const PARALLEL = 8

/**
 * Files of a colony and folders of this machine. Names are kept by the server, bytes by an object store; nothing is
 * connected before it is needed.
 */
export class ColonyFs {
  readonly #options: Required<Omit<ColonyFsOptions, 'stateDir'>> & { stateDir: string }
  #storage: Promise<Storage> | undefined

  constructor({ env, parallel = PARALLEL, stateDir, ...rest }: ColonyFsOptions) {
    const state = env.XDG_STATE_HOME || join(homedir(), '.local', 'state')
    this.#options = { ...rest, env, parallel, stateDir: stateDir ?? join(state, 'colonies', 'fs') }
  }

  get parallel(): number {
    return this.#options.parallel
  }

  /** Looks at both sides and says what a sync would do. */
  async planSync(options: Omit<SyncOptions, 'label'> & { label: string }): Promise<SyncPlan> {
    const label = normaliseFileLabel(options.label)
    checkFileLabel(label, 'label')
    return planSync(this.#options, await this.#memory({ ...options, label }), { ...options, label })
  }

  /** Does what a plan says. @returns what failed @throws AbortedError */
  async applySync(plan: SyncPlan, options: Partial<ApplyOptions> = {}): Promise<SyncFailure[]> {
    const colony = { ...this.#options, storage: await this.storage() }
    return applySync(colony, plan, { parallel: this.#options.parallel, ...options })
  }

  /**
   * Looks for files here that the label does not have.
   *
   * @throws NotFoundError when the label has no files: then it is more likely mistyped than that all is to go
   */
  async planClean(options: { dir: string; label: string }): Promise<CleanPlan> {
    const label = normaliseFileLabel(options.label)
    checkFileLabel(label, 'label')
    const plan = await planClean(this.#options, { ...options, label })
    if (plan.remote > 0) return plan
    throw new NotFoundError(
      `The label ${label} has no files, so all of ${options.dir} would go: \`colonies fs label ls\` lists labels`,
    )
  }

  /** Removes what a plan says. @returns what failed */
  applyClean(plan: CleanPlan): Promise<SyncFailure[]> {
    return applyClean(plan)
  }

  #memory({ dir, label }: { dir: string; label: string }): Promise<SyncMemory> {
    const { server, colonyname, stateDir } = this.#options
    return SyncMemory.open(stateDir, { server, colonyname, label, dir })
  }

  /** All files of a label and below it, the newest revision of each. */
  tree(label: string): AsyncGenerator<RemoteFile> {
    return listTree(this.#options, normaliseFileLabel(label))
  }

  /** Stores a file of this machine as a new revision. */
  async put(
    path: string,
    { label, name = basename(path) }: { label: string; name?: string },
    options?: TransferOptions,
  ) {
    const { size, mtimeMs, checksum } = await this.#look(path, options?.signal)
    const root = dirname(resolve(path))
    const file = { path: basename(path), size, mtimeMs, checksum }
    const place = { label: checkFileLabel(label, 'label'), name }
    await uploadFile({ ...this.#options, storage: await this.storage() }, { root, file, place }, options)
    return { ...place, size, checksum }
  }

  async #look(path: string, signal: AbortSignal | undefined) {
    try {
      const { size, mtimeMs } = await stat(path)
      return { size, mtimeMs, checksum: await checksumOf(path, signal) }
    } catch (error) {
      throw explained(error, path)
    }
  }

  /** Brings one file here. @param path a file, or a folder that is there. @returns where it is now */
  async get(wish: FileWish, path: string, options?: TransferOptions): Promise<{ path: string; file: RemoteFile }> {
    const file = await this.find(wish)
    const isFolder = await stat(path).then(
      (found) => found.isDirectory(),
      () => path.endsWith('/'),
    )
    const target = isFolder ? localPath(path, pathOf(file.label, file)) : path
    try {
      await downloadFile(await this.storage(), file, resolve(target), options)
    } catch (error) {
      throw explained(error, target)
    }
    return { path: target, file }
  }

  /** @throws NotFoundError */
  async find(wish: FileWish): Promise<RemoteFile> {
    const { client, colonyname } = this.#options
    const [file] = await client.getFile({ colonyname, ...wish, latest: true })
    if (!file) throw new FileError('There is no such file')
    return { initiatorid: '', initiatorname: '', ...file }
  }

  /** All revisions of a file, newest first. */
  async *revisions({ label, name }: { label: string; name: string }) {
    const { client, colonyname } = this.#options
    for (let after = 0; ; ) {
      const count = limits.fileRevisionCountMax
      const page = await client.getFile({ colonyname, label, name, count, ...(after > 0 && { after }) })
      yield* page
      if (page.length < count) return
      after = page.at(-1)?.sequencenr ?? 0
    }
  }

  /** Removes a file with all its revisions, or one revision, and the bytes that no snapshot needs. */
  async remove(wish: FileWish): Promise<void> {
    await this.find(wish)
    await removeFile({ ...this.#options, storage: await this.storage() }, wish)
  }

  /** Removes all files of a label and of all labels below it. @returns how many revisions there were */
  async removeTree(label: string, { signal }: Pick<TransferOptions, 'signal'> = {}): Promise<number> {
    const { client, colonyname, parallel } = this.#options
    const storage = await this.storage()
    for (let removed = 0; ; ) {
      signal?.throwIfAborted()
      const page = await client.removeFileTree({ colonyname, label: normaliseFileLabel(label) })
      if (page.removed === 0) return removed
      removed += page.removed
      await inPool(page.objects, { parallel }, ({ bucket, object }) => storage.remove(bucket, [object]))
    }
  }

  /** Brings all files of a snapshot here; those that are here already are not moved. @returns how many were */
  async getSnapshot(
    snapshot: { snapshotid: string } | { name: string },
    dir: string,
    options: TransferOptions & { onFile?: (file: RemoteFile) => void } = {},
  ): Promise<number> {
    const { client, colonyname, parallel } = this.#options
    const storage = await this.storage()
    const { label } = await client.getSnapshot({ colonyname, ...snapshot })
    await mkdir(dir, { recursive: true })
    let moved = 0
    const pool = { parallel, signal: options.signal }
    await inPool(listSnapshot(this.#options, snapshot), pool, async (file) => {
      if (isOwnName(file.name)) return
      const path = pathOf(normaliseFileLabel(label), file)
      const target = localPath(dir, path)
      await requireNoLink(dir, path)
      if (await hasContent(target, file)) return
      await downloadFile(storage, file, target, options).catch((error: unknown) => {
        throw explained(error, target)
      })
      moved += 1
      options.onFile?.(file)
    })
    return moved
  }

  /** The store of bytes; opened at the first call. */
  storage(): Promise<Storage> {
    const { parallel: connectionsMax, ...rest } = this.#options
    this.#storage ??= openStorage({ ...rest, connectionsMax }).catch((error: unknown) => {
      this.#storage = undefined
      throw error
    })
    return this.#storage
  }

  async close(): Promise<void> {
    const storage = await this.#storage?.catch(() => undefined) // never opened, so there is nothing to close
    storage?.close()
  }
}

/** The label that a folder was last synced with. @returns undefined when it never was */
export async function labelOfFolder(dir: string): Promise<string | undefined> {
  const text = await readFile(join(dir, LABEL_FILE), 'utf8').catch(() => undefined) // no such file, or no such folder
  if (text === undefined) return undefined
  try {
    const { label } = JSON.parse(text) as { label?: unknown }
    return typeof label === 'string' ? label : undefined
  } catch {
    return undefined
  }
}
