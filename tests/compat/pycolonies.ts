import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestColony } from '@colonies/testkit'
import { runWell } from './run.js'

export const root = fileURLToPath(new URL('../../../', import.meta.url))
/** Ignored by git; kept between runs. */
export const cacheFolder = join(root, '.colonies', 'compat')

const requirements = join(root, 'tests', 'compat', 'python', 'requirements.txt')

/** An interpreter with the published pycolonies, unmodified, in an environment of its own. @returns its path */
export async function pythonWithColonies(): Promise<string> {
  const wanted = await readFile(requirements, 'utf8')
  const name = `python-${createHash('sha256').update(wanted).digest('hex').slice(0, 16)}`
  return join(await pythonEnvironment(name, ['-r', requirements]), 'bin', 'python')
}

/** An environment of Python with what pip installs by these parameters; made once. @returns its folder */
export async function pythonEnvironment(name: string, packages: readonly string[]): Promise<string> {
  const folder = join(cacheFolder, name)
  if (existsSync(folder)) return folder
  // Another test may be at it as well: whole environments take the name, and the first one stays.
  await mkdir(cacheFolder, { recursive: true })
  const fresh = await mkdtemp(`${folder}-`)
  await runWell('python3', ['-m', 'venv', fresh])
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages]
  await runWell(join(fresh, 'bin', 'python'), install)
  await rename(fresh, folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    return rm(fresh, { recursive: true })
  })
  return folder
}

/** The variables that SDKs read their server, colony and keys from. @param privateKey of the user or executor */
export function environmentOf({ url, name, keys }: TestColony, privateKey = keys.user): Record<string, string> {
  const { hostname, port } = new URL(url)
  return {
    COLONIES_SERVER_HOST: hostname,
    COLONIES_SERVER_PORT: port,
    COLONIES_SERVER_TLS: 'false',
    COLONIES_TLS: 'false',
    COLONIES_SERVER_PRVKEY: keys.server,
    COLONIES_COLONY_NAME: name,
    COLONIES_COLONY_PRVKEY: keys.colony,
    COLONIES_PRVKEY: privateKey,
  }
}
