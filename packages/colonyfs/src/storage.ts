import type { Readable } from 'node:stream'
import type { Client } from '@colonies/client'
import { S3Storage } from './s3-storage.js'

/** Variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Where bytes are kept, by key. */
export interface Storage {
  /** As it is written into the record of a file. */
  readonly place: { server: string; port: number; tls: boolean; region: string; bucket: string }
  /** Stores what `read` gives, of exactly this size and SHA-256; `read` may be called again after a failure. */
  put(key: string, content: PutContent, options?: PutOptions): Promise<void>
  /** The bytes from `start` on. @returns undefined when there is no such object */
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

export interface StorageOptions {
  client: Client
  colonyname: string
  /** Of the server that the client asks, for its own store. */
  server: string
  env: Environment
  connectionsMax: number
}

/**
 * The S3 service that `AWS_S3_*` name, or else the server's own store.
 *
 * @throws NotFoundError when there is neither
 */
export async function openStorage({
  client,
  colonyname,
  server,
  env,
  connectionsMax,
}: StorageOptions): Promise<S3Storage> {
  const skipVerify = isTrue(env.AWS_S3_SKIPVERIFY)
  if (env.AWS_S3_ENDPOINT) {
    return new S3Storage({
      url: `${isTrue(env.AWS_S3_TLS) ? 'https' : 'http'}://${env.AWS_S3_ENDPOINT}`,
      region: env.AWS_S3_REGION || 'us-east-1',
      bucket: env.AWS_S3_BUCKET || 'colonies',
      accessKey: env.AWS_S3_ACCESSKEY ?? '',
      secretKey: env.AWS_S3_SECRETKEY ?? '',
      makeBucket: true,
      connectionsMax,
      skipVerify,
    })
  }
  const store = await client.getStore({ colonyname })
  return new S3Storage({
    url: store.endpoint === '' ? new URL(server).origin : `${store.tls ? 'https' : 'http'}://${store.endpoint}`,
    region: store.region,
    bucket: store.bucket,
    accessKey: store.accesskey,
    secretKey: store.secretkey,
    makeBucket: false,
    connectionsMax,
    skipVerify,
  })
}

function isTrue(text: string | undefined): boolean {
  return text?.toLowerCase() === 'true'
}
