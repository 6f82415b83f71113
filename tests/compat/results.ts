import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from './pycolonies.js'

/** What a program that drives an SDK tells about one check. */
export interface CheckedCall {
  /** The method, or what was tried. */
  check: string
  /** Message types that were answered with success. */
  messages: string[]
  /** Why it failed; null when all was well. */
  error: string | null
}

const page = join(root, 'docs', 'reference', 'compatibility.md')

/**
 * Puts what one client could call into the table of docs/reference/compatibility.md, where `npm run test:compat -- --write` asked for it.
 *
 * @param client its column in the table
 */
export async function recordResults(client: string, calls: CheckedCall[]): Promise<void> {
  if (process.env.COLONIES_COMPAT_WRITE !== '1') return
  const rows = new Map<string, Set<string>>()
  for (const { check, messages, error } of calls) {
    if (error !== null) continue
    for (const message of messages) rows.set(message, (rows.get(message) ?? new Set()).add(check))
  }
  const name = client.split(' ')[0] ?? client
  const begin = `<!-- ${name}: begin -->`
  const end = `<!-- ${name}: end -->`
  const lines = [...rows].sort().map(([message, checks]) => `| \`${message}\` | ${[...checks].sort().join(', ')} |`)
  const table = [`| Message type | ${client}: checks that passed |`, '|---|---|', ...lines].join('\n')
  const text = await readFile(page, 'utf8')
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`${page} has no place for ${name}: ${begin} ... ${end}`)
  await writeFile(page, `${text.slice(0, from + begin.length)}\n\n${table}\n\n${text.slice(to)}`)
}
