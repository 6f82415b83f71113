import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cases } from '../transcripts/transcript.js'
import { messageTypes, type Outcome } from './outcomes.js'
import { root } from './pycolonies.js'

const page = join(root, 'docs', 'reference', 'compatibility.md')
const begin = '<!-- clients: begin -->\n'
const end = '<!-- clients: end -->'
const clients = ['pycolonies 1.0.25', 'Go client 1.9.12', 'colonyos 1.0.5'] as const
export type Client = (typeof clients)[number]

// What stands in a cell; the page explains each.
export const noCall = 'no call'
const noTranscript = 'none'

/** How many there are of each message type. */
export const transcripts = new Map<string, number>()
for (const { type } of cases) transcripts.set(type, (transcripts.get(type) ?? 0) + 1)

/** Those that this server knows, and those that only the original has a name for. */
const allTypes: ReadonlySet<string> = new Set([...messageTypes, ...transcripts.keys()])

/** The page, and its table of clients as cells by message type, one for each client. */
interface Page {
  text: string
  rows: Map<string, string[]>
  /** The page with other rows. */
  withRows(rows: ReadonlyMap<string, string[]>): string
}

export async function readPage(): Promise<Page> {
  const text = await readFile(page, 'utf8')
  const [from, to] = [text.indexOf(begin) + begin.length, text.indexOf(end)]
  assert.ok(from >= begin.length && to >= from, `${page} has no table between ${begin.trim()} and ${end}`)
  return {
    text,
    rows: readRows(text.slice(from, to)),
    withRows: (rows) => text.slice(0, from) + writeRows(rows) + text.slice(to),
  }
}

/**
 * Compares the table of clients in docs/reference/compatibility.md with what one client got, or writes it, where
 * `npm run test:compat -- --write` asked for that.
 */
export async function recordResults(client: Client, outcomes: ReadonlyMap<string, Outcome>): Promise<void> {
  const { text, rows, withRows } = await readPage()
  const column = clients.indexOf(client)
  for (const type of allTypes) {
    const cells = rows.get(type) ?? clients.map(() => noCall)
    cells[column] = cellOf(outcomes.get(type))
    // What only clients of our own send says nothing about compatibility.
    if (transcripts.has(type) || cells.some((cell) => cell !== noCall)) rows.set(type, cells)
    else rows.delete(type)
  }
  const fresh = withRows(rows)
  if (process.env.COLONIES_COMPAT_WRITE === '1') await writeFile(page, fresh)
  else assert.equal(text, fresh, `the table in ${page} is not fresh: npm run test:compat -- --write`)
}

function cellOf(outcome: Outcome | undefined): string {
  if (!outcome) return noCall
  return [outcome.answered && 'answered', outcome.refused && 'refused'].filter(Boolean).join(', ')
}

function readRows(table: string): Map<string, string[]> {
  const rows = new Map<string, string[]>()
  for (const line of table.split('\n').filter((line) => line.startsWith('| `'))) {
    const [, type = '', , ...cells] = line.split('|').map((cell) => cell.replaceAll('`', '').trim())
    if (allTypes.has(type))
      rows.set(
        type,
        clients.map((_, at) => cells[at] || noCall),
      )
  }
  return rows
}

function writeRows(rows: ReadonlyMap<string, string[]>): string {
  const line = ([type, cells]: [string, string[]]) =>
    `| \`${type}\` | ${[transcripts.get(type) ?? noTranscript, ...cells].join(' | ')} |`
  const head = `| Message type | Transcripts | ${clients.join(' | ')} |\n|---|---|${'---|'.repeat(clients.length)}`
  return `\n${head}\n${[...rows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(line)
    .join('\n')}\n\n`
}
