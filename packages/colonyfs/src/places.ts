import { join } from 'node:path'
import { checkFileLabel, checkFileName } from '@colonies/core'
import { FileError } from './file-error.js'

/** Where a file is in a colony. */
export interface Place {
  label: string
  name: string
}

/** From `sub/a.txt` below `/data` to label `/data/sub` and name `a.txt`. */
export function placeOf(root: string, path: string): Place {
  const slash = path.lastIndexOf('/')
  const below = slash < 0 ? '' : `/${path.slice(0, slash)}`
  return { label: `${root === '/' ? '' : root}${below}` || '/', name: path.slice(slash + 1) }
}

/**
 * The way back.
 *
 * @throws FileError for names that would lead out of the folder: whoever stored them, they are not followed
 */
export function pathOf(root: string, { label, name }: Place): string {
  try {
    checkFileName(name, 'name')
    checkFileLabel(label, 'label')
  } catch (error) {
    throw new FileError(`${JSON.stringify(`${label}/${name}`)} is no safe path: ${(error as Error).message}`, {
      cause: error,
    })
  }
  const below = root === '/' ? label.slice(1) : label.slice(root.length + 1)
  if (root !== '/' && label !== root && !label.startsWith(`${root}/`))
    throw new FileError(`${label} does not lie below ${root}`)
  return below === '' ? name : `${below}/${name}`
}

/** The file of a path with slashes, as this system writes it. */
export function localPath(root: string, path: string): string {
  return join(root, ...path.split('/'))
}
