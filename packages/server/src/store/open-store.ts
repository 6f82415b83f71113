import type { Db } from '@colonies/database'
import type { StoreConfig } from '../config.js'
import { ObjectStore } from './object-store.js'

/** @returns undefined where the configuration has no store @throws Error with a sentence when its folder cannot be used */
export async function openStore(db: Db, config: StoreConfig | undefined): Promise<ObjectStore | undefined> {
  if (!config) return undefined
  try {
    return await ObjectStore.open({ db, ...config })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    throw new Error(
      `The object store cannot use the folder ${config.folder} (${error.message}). Choose another with ` +
        'COLONIES_STORE_DIR, or set COLONIES_STORE=false to go on without a store.',
      { cause: error },
    )
  }
}
