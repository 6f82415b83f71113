import { fileURLToPath } from 'node:url'

/** Files that an operator copies. */
export const deployFolder = fileURLToPath(new URL('../../../deploy/', import.meta.url))

/** @throws Error when a given file does not have the text any more that a test has to change */
export function replaceAll(text: string, replacements: Readonly<Record<string, string>>): string {
  return Object.entries(replacements).reduce((changed, [from, to]) => {
    if (!changed.includes(from)) throw new Error(`the configuration does not say "${from}" any more`)
    return changed.replaceAll(from, to)
  }, text)
}
