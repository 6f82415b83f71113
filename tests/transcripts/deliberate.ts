import { readFileSync } from 'node:fs'

/** A line of the table of deliberate differences in docs/reference/compatibility.md. */
export interface DeliberateDifference {
  /** A message type; `*` for all. */
  type: string
  /** Name of a transcript; `*` for all of the message type. */
  name: string
  /** As `differences` writes them. */
  differences: string[]
  line: string
}

const page = new URL('../../../docs/reference/compatibility.md', import.meta.url)
const heading = '| Message type | Transcript | Difference | Reason |'

export const deliberateDifferences: readonly DeliberateDifference[] = readTable()

function readTable(): DeliberateDifference[] {
  const [, after = ''] = readFileSync(page, 'utf8').split(heading)
  const [, , ...lines] = after.split('\n')
  const end = lines.findIndex((line) => !line.startsWith('|'))
  return lines.slice(0, end < 0 ? undefined : end).map((line) => {
    const [, type = '', name = '', difference = '', reason = ''] = line.split(/(?<!\\)\|/).map((cell) => cell.trim())
    const differences = [...difference.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text)
    if (differences.length === 0 || reason === '')
      throw new Error(`this line names no difference or no reason: ${line}`)
    return { type: type.replaceAll('`', ''), name, differences, line }
  })
}

export function isListed({ type, name }: { type: string; name: string }, difference: string): DeliberateDifference[] {
  return deliberateDifferences.filter(
    (row) =>
      (row.type === '*' || row.type === type) &&
      (row.name === '*' || row.name === name) &&
      row.differences.includes(difference),
  )
}
