import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../../../', import.meta.url))

/** The last version whose newest migration is 0009, from the history of this repository. */
export const previousRelease = { name: '0.1.0 at migration 0009', commit: '06e9ea75c2e05ee287c9efd6546c1e3278539aa0' }

/**
 * That version refused to start on tables that were newer than it knew. On its way back it asks, as later versions do, whether
 * they serve it. Nothing else is changed.
 */
const backport = {
  file: 'packages/database/src/migrate.ts',
  refuses: 'if (newest > known) {',
  asks: `const needed = newest > known && (await db.one<{ needed: number }>(sql\`
    select max(coalesce(serves, number)) as needed from schema_migrations where number > \${known}\`))?.needed
  if (needed && needed > known) {`,
}

/** @returns whether the history of this clone reaches back to it */
export async function hasPreviousRelease(): Promise<boolean> {
  try {
    await run('git', ['cat-file', '-e', `${previousRelease.commit}^{commit}`], { cwd: root })
    return true
  } catch {
    return false
  }
}

/**
 * Builds the previous release once, with the dependencies of this one.
 *
 * @returns its `colonies` command, for `node`
 * @throws Error in a shallow clone, or without git
 */
export async function buildPreviousRelease(): Promise<string> {
  const { commit, name } = previousRelease
  const folder = join(root, 'node_modules', '.cache', 'colonies', commit)
  const bin = join(folder, 'packages', 'cli', 'bin', 'colonies.js')
  if (existsSync(bin)) return bin
  if (!(await hasPreviousRelease())) {
    throw new Error(`Version ${name} (${commit}) is not in this clone: fetch its history with git fetch --unshallow.`)
  }
  const half = `${folder}-${process.pid}`
  await mkdir(join(half, 'node_modules', '@colonies'), { recursive: true })
  try {
    await run('git', ['archive', '--format=tar', '-o', join(half, 'all.tar'), commit], { cwd: root })
    await run('tar', ['-xf', 'all.tar'], { cwd: half })
    await patch(join(half, backport.file))
    for (const one of await readdir(join(half, 'packages'))) {
      await symlink(join('..', '..', 'packages', one), join(half, 'node_modules', '@colonies', one))
    }
    await run(join(root, 'node_modules', '.bin', 'tsc'), ['--build', join('packages', 'cli')], { cwd: half })
    await rename(half, folder)
  } finally {
    await rm(half, { recursive: true, force: true })
  }
  return bin
}

async function patch(file: string): Promise<void> {
  const text = await readFile(file, 'utf8')
  if (!text.includes(backport.refuses)) throw new Error(`${file} does not refuse newer tables where it is known to.`)
  await writeFile(
    file,
    text.replace(backport.refuses, () => backport.asks),
  )
}
