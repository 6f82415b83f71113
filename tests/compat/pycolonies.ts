import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
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
  const folder = join(cacheFolder, 'python')
  const python = join(folder, 'bin', 'python')
  const stamp = join(folder, 'installed.txt')
  const wanted = await readFile(requirements, 'utf8')
  if (existsSync(stamp) && (await readFile(stamp, 'utf8')) === wanted) return python
  await rm(folder, { recursive: true, force: true })
  await mkdir(cacheFolder, { recursive: true })
  await runWell('python3', ['-m', 'venv', folder])
  await runWell(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements])
  await writeFile(stamp, wanted)
  return python
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
