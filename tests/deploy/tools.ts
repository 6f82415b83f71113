import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { installedGoProgram, installGoProgram } from '../compat/go-module.js'
import { cacheFolder, root } from '../compat/pycolonies.js'
import { run, runWell } from '../compat/run.js'

/** Helm has no package at npm or PyPI, so it is compiled: two minutes the first time. */
const helm = { program: 'helm', package: 'helm.sh/helm/v3/cmd/helm', version: 'v3.18.6' }

/** @returns how to call helm: as compiled before, or as it is on this machine; undefined when it is to be compiled first */
export async function findHelm(): Promise<string | undefined> {
  const compiled = installedGoProgram(helm)
  if (compiled) return compiled
  const there = await run('helm', ['version']).catch(() => undefined)
  return there?.code === 0 ? 'helm' : undefined
}

/** @returns the path of helm */
export function installHelm(): Promise<string> {
  return installGoProgram(helm)
}

/** @returns the path of a program of tests/deploy/requirements.txt */
export async function pythonTool(name: string): Promise<string> {
  const folder = join(cacheFolder, 'deploy-tools')
  const requirements = join(root, 'tests', 'deploy', 'requirements.txt')
  const wanted = await readFile(requirements, 'utf8')
  const note = join(folder, 'installed.txt')
  const installed = existsSync(note) ? await readFile(note, 'utf8') : ''
  if (installed !== wanted) {
    await rm(folder, { recursive: true, force: true })
    await runWell('python3', ['-m', 'venv', folder])
    await runWell(join(folder, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '-r', requirements])
    await writeFile(note, wanted)
  }
  return join(folder, 'bin', name)
}
