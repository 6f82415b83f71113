import { ColoniesError } from '@colonies/protocol'
import type { Handlers } from '../handler.js'
import { accessKeyOf } from '../store/access-key.js'
import { FILES_BUCKET } from '../store/object-store.js'

export const storeHandlers = {
  async getStore(_, { caller, colony, replica: { store } }) {
    if (!store)
      throw new ColoniesError(
        'not_found',
        'This server has no object store of its own: set AWS_S3_ENDPOINT and its keys, or start the server with COLONIES_STORE_DIR',
      )
    await store.makeBucket(colony.key, FILES_BUCKET)
    const accesskey = accessKeyOf(colony.key, caller.id)
    return {
      endpoint: '',
      tls: false,
      region: 'us-east-1',
      bucket: FILES_BUCKET,
      accesskey,
      secretkey: store.secretKey(accesskey),
      usedbytes: await store.usage(colony.key),
      quotabytes: BigInt(store.quotaBytes),
    }
  },
} satisfies Partial<Handlers>
