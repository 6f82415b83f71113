import {
  type Config,
  configFrom,
  isWorker,
  type RunningServer,
  runWorker,
  runWorkers,
  startServer,
} from '@colonies/server'
import { ExitCode } from './exit-codes.js'
import { keepHeapFlat } from './flat-heap.js'
import { sdkPages } from './sdk-pages.js'
import type { Session } from './session.js'
import { untilSignal } from './signals.js'

/** The flags of `server start`, empty when they were not given, by the variables that they stand for. */
export interface ServeFlags {
  readonly dbhost: string
  readonly dbport: string
  readonly dbuser: string
  readonly dbpassword: string
  readonly dbtype: string
  readonly datadir: string
  readonly tlskey: string
  readonly tlscert: string
}

/**
 * Runs one replica, or the workers of `COLONIES_WORKERS`, until it is told to stop: once for in order, twice for at once.
 *
 * @throws ConfigError for settings that cannot work, and Error with a sentence when it cannot start
 */
export async function serve(given: ServeFlags, { io, flags }: Session): Promise<ExitCode> {
  if (isWorker()) {
    keepHeapFlat()
    await runWorker({ pages: sdkPages() })
    return ExitCode.ok
  }
  const config = configFrom({ ...io.env, ...variablesOf(given, flags) })
  const stopping = untilSignal(() => process.exit(ExitCode.failure))
  if (config.workers > 1) {
    await runWorkers(config, { signal: stopping.signal })
    stopping.forget()
    return ExitCode.ok
  }
  const server = await start(config, stopping.signal)
  keepHeapFlat()
  const outdated = await Promise.race([stopping.asked.then(() => undefined), server?.outdated])
  await server?.stop()
  stopping.forget()
  if (outdated) throw outdated
  return ExitCode.ok
}

/** @returns undefined when it was told to stop before it had started */
async function start(config: Config, signal: AbortSignal): Promise<RunningServer | undefined> {
  try {
    return await startServer(config, { pages: sdkPages(), signal })
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  }
}

/** Flags beat the environment. */
function variablesOf(given: ServeFlags, { port, insecure, tls }: Session['flags']): Record<string, string> {
  const variables = {
    COLONIES_SERVER_HTTP_PORT: port,
    COLONIES_TLS: insecure ? 'false' : tls ? 'true' : undefined,
    COLONIES_DB_HOST: given.dbhost,
    COLONIES_DB_PORT: given.dbport,
    COLONIES_DB_USER: given.dbuser,
    COLONIES_DB_PASSWORD: given.dbpassword,
    COLONIES_DB_TYPE: given.dbtype,
    COLONIES_DATA_DIR: given.datadir,
    COLONIES_TLSKEY: given.tlskey,
    COLONIES_TLSCERT: given.tlscert,
  }
  return Object.fromEntries(Object.entries(variables).filter((entry): entry is [string, string] => Boolean(entry[1])))
}
