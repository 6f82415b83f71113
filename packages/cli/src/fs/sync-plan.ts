import type { PlannedChange, RemoteFile, SyncPlan } from '@colonies/colonyfs'
import { formatBytes } from '../format-bytes.js'
import { type Column, formatTable, type Style } from '../table.js'

type Change = PlannedChange<RemoteFile>

const actions = {
  upload: { says: 'upload', colour: 'green' },
  download: { says: 'download', colour: 'blue' },
  'remove-remote': { says: 'remove in the colony', colour: 'red' },
  'remove-local': { says: 'remove here', colour: 'red' },
} as const

const columns: readonly Column<Change>[] = [
  {
    header: 'WHAT',
    of: ({ action }) => actions[action].says,
    colour: ({ action }) => actions[action].colour,
    whole: true,
  },
  { header: 'FILE', of: ({ path }) => path },
  { header: 'SIZE', of: (change) => formatBytes(sizeOf(change)), whole: true },
  { header: '', of: ({ conflict }) => (conflict ? 'changed on both sides' : '') },
]

const SKIPPED_SHOWN = 5

/** Bytes that are moved. */
export function sizeOf({ action, local, remote }: Change): number {
  return (action === 'upload' || action === 'remove-local' ? local?.size : remote?.size) ?? 0
}

/** Some lines: what is on both sides, and how much of what is to be done. */
export function describePlan({ dir, label, changes, unchanged, skipped }: SyncPlan): string[] {
  const lines = [`${dir} and label ${label}: ${countOfFiles(unchanged)} equal`]
  for (const [action, { says }] of Object.entries(actions)) {
    const of = changes.filter((change) => change.action === action)
    if (of.length === 0) continue
    const bytes = of.reduce((sum, change) => sum + sizeOf(change), 0)
    const conflicts = of.filter(({ conflict }) => conflict).length
    lines.push(
      `  ${says}: ${countOfFiles(of.length)}, ${formatBytes(bytes)}${conflicts > 0 ? `, ${conflicts} of them changed on both sides` : ''}`,
    )
  }
  if (skipped.length > 0) {
    const shown = [...skipped.slice(0, SKIPPED_SHOWN), ...(skipped.length > SKIPPED_SHOWN ? ['...'] : [])]
    lines.push(`  left alone: ${shown.join(', ')} (links to folders, or neither files nor folders)`)
  }
  return lines
}

export function planTable({ changes }: SyncPlan, style: Style): string {
  return formatTable(changes, columns, style)
}

/** `1 file`, `2 files`. */
export function countOfFiles(number: number): string {
  return `${number} file${number === 1 ? '' : 's'}`
}
