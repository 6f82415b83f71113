import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { filePage } from '@colonies/server'

/** What a server gives to browsers: the SDK in one file, so that executors run in tabs. */
export function sdkPages() {
  const folder = dirname(fileURLToPath(import.meta.resolve('@colonies/client')))
  return new Map([['/sdk/colonies.js', filePage(join(folder, 'colonies.browser.js'))]])
}
