import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cases } from '../transcripts/transcript.js'
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
const begin = '<!-- clients: begin -->\n'
const end = '<!-- clients: end -->'
const clients = ['pycolonies 1.0.25', 'colonyos 1.0.5'] as const

/**
 * Compares the table of clients in docs/reference/compatibility.md with what passed, or writes it, where
 * `npm run test:compat -- --write` asked for that.
 */
export async function recordResults(client: (typeof clients)[number], calls: CheckedCall[]): Promise<void> {
  const text = await readFile(page, 'utf8')
  const [from, to] = [text.indexOf(begin) + begin.length, text.indexOf(end)]
  assert.ok(from >= begin.length && to >= from, `${page} has no table between ${begin.trim()} and ${end}`)
  const rows = readRows(text.slice(from, to))
  const column = clients.indexOf(client)
  for (const cells of rows.values()) cells[column] = 0
  for (const { messages } of calls.filter(({ error }) => error === null)) {
    for (const message of messages) {
      const cells = rows.get(message) ?? clients.map(() => 0)
      cells[column] = (cells[column] ?? 0) + 1
      rows.set(message, cells)
    }
  }
  const fresh = text.slice(0, from) + writeRows(rows) + text.slice(to)
  if (process.env.COLONIES_COMPAT_WRITE === '1') await writeFile(page, fresh)
  else assert.equal(text, fresh, `the table in ${page} is not fresh: npm run test:compat -- --write`)
}

/** @returns how many checks passed, by message type and then client */
function readRows(table: string): Map<string, number[]> {
  const lines = table.split('\n').filter((line) => line.startsWith('| `'))
  return new Map(
    lines.map((line) => {
      const [, type = '', , ...cells] = line.split('|').map((cell) => cell.replaceAll('`', '').trim())
      return [type, clients.map((_, at) => Number(cells[at] ?? 0))]
    }),
  )
}

function writeRows(rows: Map<string, number[]>): string {
  const transcripts = new Map<string, number>()
  for (const { type } of cases) transcripts.set(type, (transcripts.get(type) ?? 0) + 1)
  const types = [...new Set([...transcripts.keys(), ...rows.keys()])].sort()
  const line = (type: string) => {
    const counts = [transcripts.get(type), ...(rows.get(type) ?? clients.map(() => 0))]
    return `| \`${type}\` | ${counts.map((count) => count || '').join(' | ')} |`.replace(/ +/g, ' ')
  }
  const head = `| Message type | Transcripts | ${clients.join(' | ')} |\n|---|---|${'---|'.repeat(clients.length)}`
  return `\n${head}\n${types.map(line).join('\n')}\n\n`
}
