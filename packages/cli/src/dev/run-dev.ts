import { join } from 'node:path'
import { embeddedOwner, makeFolder } from '@colonies/database'
import { configFrom, createLog, startServer } from '@colonies/server'
import { ExitCode, UsageError } from '../exit-codes.js'
import { writeProfiles } from '../profiles.js'
import { sdkPages } from '../sdk-pages.js'
import type { Session } from '../session.js'
import { chosenPort } from '../settings.js'
import { untilSignal } from '../signals.js'
import { type DevColony, devNames, ensureColony, startExecutor } from './colony.js'
import { freePort } from './free-port.js'
import { type DevKeys, devKeys } from './keys.js'
import { devProfileName } from './profile-name.js'
import { welcome } from './welcome.js'

/** What runs, and is stopped in reverse order. */
type Closers = (() => Promise<void>)[]

const drainMs = 2_000

/**
 * Runs database, server and an executor in this process until it is told to stop.
 *
 * @param folder where data and keys are kept for the next time
 * @throws UsageError and ConfigError for settings that cannot work, and Error with a sentence when something cannot start
 */
export async function runDev(folder: string, session: Session): Promise<void> {
  const stopping = untilSignal(() => process.exit(ExitCode.failure))
  const closers: Closers = []
  try {
    await start(folder, { session, closers, signal: stopping.signal })
    await stopping.asked
  } catch (error) {
    if (!stopping.signal.aborted) throw error // else it was told to stop before everything ran
  } finally {
    if (stopping.signal.aborted) session.out.say('stopping ...')
    for (const close of closers.reverse()) await close()
    stopping.forget()
  }
}

interface Starting {
  session: Session
  closers: Closers
  signal: AbortSignal
}

async function start(folder: string, { session, closers, signal }: Starting): Promise<void> {
  const { io, out, flags } = session
  const begin = performance.now()
  await makeFolder(folder, 0o700).catch((error: Error) => {
    throw new UsageError(
      `${folder} cannot be made: ${error.message}. Choose another folder with --datadir or COLONIES_DATA_DIR.`,
      { cause: error },
    )
  })
  await refuseRunning(folder)
  const keysFile = join(folder, 'keys.json')
  const keys = devKeys(keysFile, io.env)
  const wanted = chosenPort({ flags, env: io.env })
  const port = await freePort(wanted)
  if (io.env.COLONIES_DB_HOST) out.say('COLONIES_DB_HOST counts for `colonies server start` only')

  out.say(`starting database and server, with data in ${folder} ...`)
  const config = configOf(folder, { keys, port, session })
  const server = await startServer(config, { pages: sdkPages(), signal, log: createLog({ level: 'warn' }) })
  closers.push(() => server.stop())
  if (port !== wanted) out.say(`port ${wanted} is taken, so the server listens on ${new URL(server.url).port}`)
  out.say('making sure that there is a colony with a user and an executor ...')
  const dev: DevColony = {
    url: server.url,
    colonyname: io.env.COLONIES_COLONY_NAME || devNames.colony,
    keys,
    keysFile,
  }
  await ensureColony(dev)
  const executor = await startExecutor(dev, (line) => out.warn(line))
  closers.push(() => executor.stop({ drainMs }))
  const profile = await saveProfile(dev, session)
  out.write(welcome({ ...dev, ...profile, seconds: (performance.now() - begin) / 1_000 }))
}

/** Before anything else is said: who starts twice by mistake needs this sentence only. @throws UsageError */
async function refuseRunning(folder: string): Promise<void> {
  const owner = await embeddedOwner(dataDirOf(folder))
  if (owner === undefined) return
  throw new UsageError(
    `Colonies runs already, as process ${owner}, with its data in ${folder}: use that one, stop it with Ctrl-C or ` +
      `\`kill ${owner}\`, or start another beside it with another folder in COLONIES_DATA_DIR.`,
  )
}

function dataDirOf(folder: string): string {
  return join(folder, 'data')
}

interface Serving {
  keys: DevKeys
  port: number
  session: Session
}

function configOf(folder: string, { keys, port, session: { io } }: Serving) {
  const env = {
    // Keys that lie in a folder are good enough for this machine only.
    COLONIES_SERVER_HTTP_HOST: '127.0.0.1',
    ...io.env,
    // Of an environment that is meant for clients, or for the server of others.
    ...(!io.env.COLONIES_TLSKEY && { COLONIES_TLS: undefined }),
    COLONIES_DB_HOST: undefined,
    COLONIES_SERVER_ID: undefined,
    COLONIES_SERVER_PRVKEY: keys.server,
    COLONIES_SERVER_HTTP_PORT: String(port),
    COLONIES_DATA_DIR: dataDirOf(folder),
  }
  return configFrom(env)
}

/** So that commands in another terminal find server and keys. @returns its name, and whether they take it by themselves */
async function saveProfile(
  { url, colonyname, keys }: DevColony,
  { profiles: { current, profiles }, io }: Session,
): Promise<{ profile: string; isCurrent: boolean }> {
  const profile = {
    server: url,
    colony: colonyname,
    prvkey: keys.user,
    colonyprvkey: keys.colony,
    serverprvkey: keys.server,
    executorname: devNames.executor,
    executortype: devNames.type,
  }
  const name = await devProfileName({ profiles }, { url, serverKey: keys.server })
  writeProfiles(io.profilesFile, { current: current ?? name, profiles: { ...profiles, [name]: profile } })
  return { profile: name, isCurrent: current === undefined || current === name }
}
