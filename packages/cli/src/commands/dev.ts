import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Executor } from '@colonies/executor'
import { configFrom, createLog, type RunningServer, startServer } from '@colonies/server'
import { text, verb } from '../command.js'
import { devNames, ensureColony, startExecutor } from '../dev/colony.js'
import { freePort } from '../dev/free-port.js'
import { type DevKeys, devKeys } from '../dev/keys.js'
import { ExitCode } from '../exit-codes.js'
import { writeProfiles } from '../profiles.js'
import { sdkPages } from '../sdk-pages.js'
import type { Session } from '../session.js'
import { untilSignal } from '../signals.js'

const usualPort = 50_080

export const devCommand = verb({
  name: 'dev',
  summary: 'Run everything on this machine: database, server, a colony with keys, and an executor.',
  options: { datadir: text('folder for data and keys (~/.colonies/dev when left out)') },
  async run({ datadir }, session) {
    const stopping = untilSignal(() => process.exit(ExitCode.failure))
    const folder = datadir || session.io.env.COLONIES_DATA_DIR || join(homedir(), '.colonies', 'dev')
    const running = await start(folder, session, stopping.signal)
    if (running) {
      await stopping.asked
      say(session, 'stopping')
      await running.executor.stop({ drainMs: 2_000 })
      await running.server.stop()
    }
    stopping.forget()
    return undefined
  },
})

interface Running {
  server: RunningServer
  executor: Executor
}

/** @returns undefined when it was told to stop before everything ran */
async function start(folder: string, session: Session, signal: AbortSignal): Promise<Running | undefined> {
  const begin = performance.now()
  const keys = devKeys(folder, session.io.env)
  const colonyname = session.io.env.COLONIES_COLONY_NAME || devNames.colony
  const wanted = Number(session.flags.port ?? session.io.env.COLONIES_SERVER_HTTP_PORT ?? usualPort)
  const port = await freePort(wanted)
  if (port !== wanted) say(session, `port ${wanted} is taken; this server listens on ${port || 'another one'}`)
  say(session, 'starting database and server')
  let server: RunningServer | undefined
  try {
    server = await startServer(configOf(folder, keys, port, session), {
      pages: sdkPages(),
      signal,
      log: createLog({ level: 'warn' }),
    })
    await ensureColony(server.url, keys, colonyname)
    say(session, 'starting the executor')
    const executor = await startExecutor(server.url, keys, colonyname)
    saveProfile(session, { url: server.url, colonyname, keys })
    session.io.stderr.write(
      welcome({ url: server.url, colonyname, folder, seconds: (performance.now() - begin) / 1000 }),
    )
    return { server, executor }
  } catch (error) {
    await server?.stop()
    if (signal.aborted) return undefined
    throw error
  }
}

function configOf(folder: string, keys: DevKeys, port: number, { io }: Session) {
  const env = {
    COLONIES_SERVER_HTTP_HOST: 'localhost',
    ...io.env,
    COLONIES_DATA_DIR: join(folder, 'data'),
    COLONIES_SERVER_PRVKEY: keys.server,
    COLONIES_SERVER_ID: undefined,
    COLONIES_SERVER_HTTP_PORT: String(port),
  }
  return configFrom(env)
}

interface DevProfile {
  url: string
  colonyname: string
  keys: DevKeys
}

/** So that commands in another terminal find server and keys by themselves. */
function saveProfile(session: Session, { url, colonyname, keys }: DevProfile): void {
  const { current, profiles } = session.profiles
  const dev = {
    server: url,
    colony: colonyname,
    prvkey: keys.user,
    colonyprvkey: keys.colony,
    serverprvkey: keys.server,
    executorname: devNames.executor,
    executortype: devNames.type,
  }
  writeProfiles(session.io.profilesFile, { current: current ?? 'dev', profiles: { ...profiles, dev } })
  if (current !== undefined && current !== 'dev')
    say(session, `the current profile is ${current}; add --profile dev to the commands below`)
}

interface Welcome {
  url: string
  colonyname: string
  folder: string
  seconds: number
}

function welcome({ url, colonyname, folder, seconds }: Welcome): string {
  return `
Colonies is ready after ${seconds.toFixed(1)} s.

  server     ${url}
  colony     ${colonyname}
  executor   ${devNames.executor}, of type ${devNames.type}
  keys       ${join(folder, 'keys.json')}, and in the profile dev

Try in another terminal:

  npx colonies function exec --func hello --args world --targettype ${devNames.type} --wait --out
  npx colonies process ls --state success
  npx colonies executor ls

Ctrl-C stops it; data and keys are kept.
`
}

function say({ io }: Session, line: string): void {
  io.stderr.write(`${line} ...\n`)
}
