import { createHash, randomBytes } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { type Client, ClientError, ConflictError, NotFoundError } from '@colonies/client'
import { checkFileLabel, checkFileName } from '@colonies/core'
import { FileError } from './file-error.js'
import { checksumOf, isUnchanged, type LocalFile, partialName } from './local-files.js'
import { localPath, type Place } from './places.js'
import type { InColony, RemoteFile } from './remote-files.js'
import { PassingError, withRetries } from './retry.js'
import type { Storage } from './storage.js'

export interface TransferOptions {
  /** Called with the bytes of each piece that was moved; negative when a try begins anew. */
  onBytes?: ((bytes: number) => void) | undefined
  signal?: AbortSignal | undefined
}

/** A file by its place, or one of its revisions by its id. */
export type FileWish = { fileid: string } | Place

/** A fresh key for the bytes of a revision: no two revisions share an object. */
const newKey = () => randomBytes(32).toString('hex')

/**
 * Stores a file and adds it to the colony, the bytes first: what is listed can be read.
 *
 * @param previous the `fileid` of the newest revision that is known, or `none`: somebody who was faster is not overwritten
 * @throws ConflictError when another revision was added since, FileError when the file changed while it was read
 */
export async function uploadFile(
  { client, colonyname, storage }: InColony & { storage: Storage },
  { root, file, place, previous }: { root: string; file: LocalFile; place: Place; previous?: string },
  { onBytes, signal }: TransferOptions = {},
): Promise<void> {
  // Before its bytes are sent for nothing.
  checkFileName(place.name, 'name')
  checkFileLabel(place.label, 'label')
  const path = localPath(root, file.path)
  const key = newKey()
  const content = {
    size: file.size,
    sha256: file.checksum,
    read: (start: number, end: number) => bytesOf(path, start, end),
  }
  try {
    await storage.put(key, content, { onBytes, signal })
  } catch (error) {
    if (signal?.aborted || (await isUnchanged(root, file))) throw error
    throw new FileError(`${file.path} was changed while it was being sent; sync again`, { cause: error })
  }
  const { server, port, tls, region, bucket } = storage.place
  const revision = {
    colonyname,
    ...place,
    size: file.size,
    checksum: file.checksum,
    checksumalg: 'SHA256',
    ref: { protocol: 's3', s3object: { server, port, tls, region, bucket, object: key } },
  }
  try {
    await withRetries(() => addRevision(client, revision, previous), signal)
  } catch (error) {
    // Whether the revision was added is known only when the server refused it.
    if (isRefusal(error)) await storage.remove(bucket, [key]).catch(() => {}) // the refusal tells more
    throw error
  }
}

type Revision = Parameters<Client['addFile']>[0]['file'] & Place & { ref: { s3object: { object: string } } }

/** Adds a revision once, also where an earlier try did so and its answer was lost: no other one has its object. */
async function addRevision(client: Client, file: Revision, previous: string | undefined): Promise<void> {
  try {
    await client.addFile({ file, ...(previous !== undefined && { previous }) })
  } catch (error) {
    const mayBeAdded = error instanceof ClientError && (error.retryable || error instanceof ConflictError)
    if (!mayBeAdded) throw error
    const newest = await newestOf(client, file)
    if (newest?.ref.s3object.object !== file.ref.s3object.object) throw error
  }
}

async function newestOf(client: Client, { colonyname, label, name }: Revision) {
  try {
    return (await client.getFile({ colonyname, label, name, latest: true }))[0]
  } catch (error) {
    if (error instanceof NotFoundError) return undefined
    throw error
  }
}

/** Removes a file with all its revisions, or one of them, and then the bytes that no other revision and no snapshot has. */
export async function removeFile(
  { client, colonyname, storage }: InColony & { storage: Storage },
  wish: FileWish,
): Promise<void> {
  const { objects } = await client.removeFile({ colonyname, ...wish, listobjects: true })
  for (const { bucket, object } of objects ?? []) await storage.remove(bucket, [object])
}

function isRefusal(error: unknown): boolean {
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 0
  return status >= 400 && status < 500
}

function bytesOf(path: string, start: number, end: number): Readable {
  return end === start ? Readable.from([]) : createReadStream(path, { start, end: end - 1, highWaterMark: 256 * 1024 })
}

/**
 * Brings a revision to this machine: under a temporary name, and under its own when all its bytes are there and have the
 * checksum that its writer gave. An interrupted download goes on where it ended.
 *
 * @param path of the file, as this system writes it
 */
export async function downloadFile(
  storage: Storage,
  remote: RemoteFile,
  path: string,
  options: TransferOptions = {},
): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const partial = join(dirname(path), partialName(basename(path), remote.fileid))
  const isResumed = (await sizeOf(partial)) > 0
  let checksum = await fetchWhole(storage, remote, partial, options)
  if (!isAsStored(remote, checksum) && isResumed) {
    // What an earlier run left may be damaged: by a power cut, say.
    await rm(partial, { force: true })
    options.onBytes?.(-remote.size)
    checksum = await fetchWhole(storage, remote, partial, options)
  }
  if (!isAsStored(remote, checksum)) {
    await rm(partial, { force: true })
    throw new FileError(
      `The bytes of ${remote.label}/${remote.name} are not those that were stored: their SHA-256 is ${checksum}, not ${remote.checksum}`,
    )
  }
  await rename(partial, path).catch(async (error: unknown) => {
    // Another sync of this folder may have been first with the same bytes.
    if ((await checksumOf(path, options.signal)) !== checksum) throw error
  })
}

/** @returns the SHA-256 of what is in `partial` now */
async function fetchWhole(
  storage: Storage,
  remote: RemoteFile,
  partial: string,
  options: TransferOptions,
): Promise<string> {
  const { signal } = options
  const checksum = await withRetries(() => fetchInto(storage, remote, partial, options), signal)
  return checksum ?? checksumOf(partial, signal)
}

/** Where other clients left the checksum empty, or wrote something else, nothing can be said against any bytes. */
function isAsStored(remote: RemoteFile, checksum: string): boolean {
  return !/^[0-9a-f]{64}$/i.test(remote.checksum) || checksum === remote.checksum.toLowerCase()
}

/** Records say where their writer stored the bytes; whoever reads asks the store of its own settings. */
function missing({ place }: Storage, { label, name, ref }: RemoteFile): string {
  const { server, port } = ref.s3object
  const file = `${label === '/' ? '' : label}/${name}`
  return server === place.server && port === place.port
    ? `The bytes of ${file} are not in the store any more`
    : `The bytes of ${file} are not in the store at ${place.server}:${place.port}; its record names ${server}:${port}: set AWS_S3_* for that one`
}

/** @returns 0 where there is no such file */
async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0
}

/** @returns the SHA-256 of the file when all of it came now; undefined when it has bytes of an earlier try */
async function fetchInto(
  storage: Storage,
  remote: RemoteFile,
  partial: string,
  { onBytes, signal }: TransferOptions,
): Promise<string | undefined> {
  const { object, bucket } = remote.ref.s3object
  const there = await sizeOf(partial)
  const start = there <= remote.size ? there : 0
  if (there > start) await rm(partial, { force: true })
  // Never cut: another sync of this folder may be writing the same bytes into it.
  const file = await open(partial, constants.O_RDWR | constants.O_CREAT)
  const hash = createHash('sha256')
  let position = start
  try {
    onBytes?.(start)
    if (start < remote.size) {
      const bytes = await storage.get(object, { bucket, start, signal })
      if (!bytes) throw new FileError(missing(storage, remote))
      for await (const chunk of bytes as AsyncIterable<Buffer>) {
        if (position + chunk.length > remote.size) {
          await rm(partial, { force: true })
          throw new FileError(`The store has more than the ${remote.size} bytes of ${remote.label}/${remote.name}`)
        }
        hash.update(chunk)
        await writeAll(file, chunk, position)
        position += chunk.length
        onBytes?.(chunk.length)
      }
      if (position < remote.size)
        throw new PassingError(`Only ${position} of ${remote.size} bytes of ${remote.name} came`)
    }
    await file.sync()
    return start === 0 ? hash.digest('hex') : undefined
  } catch (error) {
    onBytes?.(-position) // the next try counts what is there again
    throw error
  } finally {
    await file.close()
  }
}

async function writeAll(file: FileHandle, chunk: Buffer, position: number): Promise<void> {
  for (let written = 0; written < chunk.length; )
    written += (await file.write(chunk, written, chunk.length - written, position + written)).bytesWritten
}
