import type { Readable } from 'node:stream'

/** Where bytes are kept, by key. */
export interface Storage {
  /** As it is written into the record of a file. */
  readonly place: { server: string; port: number; tls: boolean; region: string; bucket: string }
  /** Stores what `read` gives, of exactly this size and SHA-256; `read` may be called again after a failure. */
  put(key: string, content: PutContent, options?: PutOptions): Promise<void>
  /** The bytes from `start` on, in one try. @returns undefined when there is no such object */
  get(
    key: string,
    options: { bucket: string; start: number; signal?: AbortSignal | undefined },
  ): Promise<Readable | undefined>
  /** What is gone already is no error. */
  remove(bucket: string, keys: readonly string[]): Promise<void>
  close(): void
}

export interface PutContent {
  readonly size: number
  readonly sha256: string
  /** Bytes from `start` to before `end`. */
  read(start: number, end: number): Readable
}

export interface PutOptions {
  /** Called with the bytes of each piece that was sent; negative when a try begins anew. */
  onBytes?: ((bytes: number) => void) | undefined
  signal?: AbortSignal | undefined
}
