import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the repository. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const skipped = new Set(['node_modules', 'dist', 'dist-tests', 'vectors', '.git', '.venv', '.colonies', 'coverage'])

/**
 * @param {string} folder absolute
 * @param {RegExp} name what the end of the path has to match
 * @returns {string[]} absolute paths, sorted; none when there is no such folder
 */
export function filesBelow(folder, name = /\.ts$/) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return skipped.has(entry.name) ? [] : filesBelow(path, name)
      return entry.isFile() && name.test(path) ? [path] : []
    })
    .sort()
}

/**
 * Whether a script was started by name, and not imported.
 *
 * @param {string} url its `import.meta.url`
 */
export function isMain(url) {
  return process.argv[1] === fileURLToPath(url)
}
