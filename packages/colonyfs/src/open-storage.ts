import type { Client } from '@colonies/client'
import { S3Storage } from './s3-storage.js'

/** Variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

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
