import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** A program that is found before the real one of its name. @returns the path to find it with, for everybody */
export async function programInstead(t: TestContext, name: string, script: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'colonies-instead-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await chmod(folder, 0o755)
  await writeFile(join(folder, name), `#!/usr/bin/env bash\n${script}\n`, { mode: 0o755 })
  return `${folder}:${process.env.PATH}`
}
