import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { UsageError } from './exit-codes.js'

/** Writes a file that holds keys: only its owner may read it, and nobody ever sees half of it. */
export function writePrivateFile(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, text, { mode: 0o600 })
  chmodSync(draft, 0o600) // an older draft may have been left with other rights
  renameSync(draft, file)
}

/**
 * Writes files that only their owner may read, and overwrites none: a key that was there is of use to somebody.
 *
 * @param files their paths, and what is to be in them; those without a path are left out
 * @returns the paths of the files that are new
 * @throws UsageError when one cannot be written; then none is left
 */
export function writeNewFiles(files: readonly (readonly [path: string, text: string])[]): string[] {
  const written: string[] = []
  for (const [file, text] of files.filter(([path]) => path !== '')) {
    try {
      writeFileSync(file, `${text}\n`, { mode: 0o600, flag: 'wx' })
      written.push(file)
    } catch (error) {
      for (const other of written) rmSync(other)
      const { code, message } = error as NodeJS.ErrnoException
      const why = code === 'EEXIST' ? 'it is there already; name a new file, or move it away' : message
      throw new UsageError(`${file} cannot be written: ${why}.`, { cause: error })
    }
  }
  return written
}
