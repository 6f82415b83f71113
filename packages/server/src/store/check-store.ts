import {
  coloniesWithObjects,
  connect,
  type Db,
  filesWithoutRow,
  listPlacedObjects,
  spreadDatabase,
  startEmbeddedPostgres,
} from '@colonies/database'
import { type Config, ConfigError, type StoreConfig } from '../config.js'
import { ObjectStore } from './object-store.js'

/** An object whose bytes are not in the folder. */
export interface MissingObject {
  /** Key of its colony in all tables. */
  readonly colony: number
  readonly bucket: string
  readonly key: string
  /** Labels and names of the files that cannot be read. */
  readonly files: readonly string[]
}

export interface StoreCheck {
  /** Objects that were looked for. */
  readonly objects: number
  readonly missing: readonly MissingObject[]
  /** Files of the folder that no object has: a replica removes them, once they are an hour old. */
  readonly unnamed: number
}

const PAGE = 1000

/**
 * Compares the rows of the object store with its folder, as after a restore of one of them. Changes nothing.
 *
 * @throws ConfigError without a store; Error with a sentence when an embedded database is in use: stop its server first
 */
export async function checkStore(config: Config): Promise<StoreCheck> {
  if (!config.store)
    throw new ConfigError('There is no object store here: set COLONIES_STORE_DIR as the replicas have it.')
  if (config.database) return checkOn(await spreadDatabase(connect(config.database), config.database), config.store)
  const embedded = await startEmbeddedPostgres({ dataDir: config.dataDir, log: () => {} })
  try {
    return await checkOn(connect({ ...embedded.config, database: config.databaseName }), config.store)
  } finally {
    await embedded.stop()
  }
}

async function checkOn(db: ReturnType<typeof connect>, store: StoreConfig): Promise<StoreCheck> {
  try {
    return await compareStore(db, store)
  } finally {
    await db.close()
  }
}

export async function compareStore(db: Db, config: StoreConfig): Promise<StoreCheck> {
  const { folder } = await ObjectStore.open({ db, ...config })
  const missing: MissingObject[] = []
  let [objects, unnamed] = [0, 0]
  for (const colony of await coloniesWithObjects(db)) {
    for (let after = { bucket: '', key: '' }; ; ) {
      const page = await listPlacedObjects(db, colony, { after, limit: PAGE })
      objects += page.length
      for (const { bucket, key, file_id, named_by } of page) {
        if (!(await folder.has(colony, file_id))) missing.push({ colony, bucket, key, files: named_by })
      }
      const last = page.at(-1)
      if (!last || page.length < PAGE) break
      after = last
    }
  }
  for (const colony of await folder.colonies()) {
    for await (const fileIds of folder.files(colony)) {
      for (let at = 0; at < fileIds.length; at += PAGE)
        unnamed += (await filesWithoutRow(db, colony, fileIds.slice(at, at + PAGE))).length
    }
  }
  return { objects, missing, unnamed }
}
