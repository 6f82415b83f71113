import { shareOf } from '../budget.js'
import type { Limits } from '../measure/limits.js'
import type { Result } from '../rounds.js'
import type { Demand, Row } from '../row.js'
import { verdictOf } from '../verdict.js'
import { coresText, numberText, timesText, valueText } from './text.js'

export interface Run {
  machine: string
  command: string
  /** What the other servers are called. */
  others: readonly string[]
  limits: Limits
  results: Result[]
  /** That all of it took. */
  seconds: number
}

/** The part of docs/benchmarks.md that is measured. */
export function markdownOf(run: Run): string {
  return [
    `Machine: ${run.machine}.`,
    `Command: \`${run.command}\`, ${Math.ceil(run.seconds / 60)} minutes.`,
    run.others.length > 0 ? '![Times better than the other server](pictures/benchmarks.svg)' : '',
    table(run, ({ row }) => row.kind === 'wire', 'What every server of this protocol does'),
    table(run, ({ row }) => row.kind === 'own', 'What only this one does, or only it can be asked'),
    limitsTable(run.limits),
  ]
    .filter(Boolean)
    .join('\n\n')
}

function table(run: Run, isIn: (result: Result) => boolean, title: string): string {
  const results = run.results.filter(isIn)
  if (results.length === 0) return ''
  const other =
    run.others.length > 0 ? [run.others.length > 1 ? 'The better other' : `${run.others}`, 'Times better'] : []
  const head = ['Scenario', 'Ours', ...other, 'Must', 'Reach', 'Of the limit', 'Cores: load + server + database']
  const lines = results.map((result) => [
    `${result.row.says} (\`${result.row.id}\`)`,
    [valueText(result.row, result.ours.value), result.ours.note].filter(Boolean).join('; '),
    ...(run.others.length > 0 ? [otherText(result, run.others.length > 1), timesText(result)] : []),
    demandText(result, run.results, result.row.must),
    demandText(result, run.results, result.row.reach),
    limitText(result, run.limits),
    coresText(result.ours.cores),
  ])
  return [`### ${title}`, '', row(head), row(head.map(() => '---')), ...lines.map(row)].join('\n')
}

function otherText({ row, other }: Result, named: boolean): string {
  if (!other) return '-'
  return [valueText(row, other.value), other.note, named ? other.name : ''].filter(Boolean).join('; ')
}

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`

function demandText(result: Result, all: readonly Result[], demand: Demand | undefined): string {
  if (demand === undefined) return '-'
  return `${wanted(result.row, demand)}: ${verdictOf(result, all, demand)}`
}

function wanted({ unit, better }: Row, demand: Demand): string {
  if (typeof demand !== 'number') return better === 'more' ? `${demand.times} x` : `1/${numberText(1 / demand.times)}`
  const bound = unit === 'x' ? String(demand) : `${numberText(demand)}${unit === '/s' ? '/s' : ` ${unit}`}`
  return better === 'more' ? `≥ ${bound}` : `≤ ${bound}`
}

function limitText(result: Result, limits: Limits): string {
  const share = result.row.limit && shareOf(result, limits)
  if (!share) return '-'
  return `${numberText(share)} of ${limitNames[result.row.limit as keyof Limits]}`
}

const limitNames: Record<keyof Limits, string> = {
  commits: 'bare commits',
  commitMs: 'a bare commit',
  rows: 'bare rows',
  roundTrips: 'empty round trips',
  recoveries: 'signature recoveries',
}

function limitsTable(limits: Limits): string {
  const lines = [
    [
      'commits of one row, one after the other',
      `${numberText(limits.commits)}/s (${limits.commitMs.toFixed(2)} ms each)`,
    ],
    ['rows of processes in statements of 500, two at once', `${numberText(limits.rows)}/s`],
    ['empty HTTP round trips, 64 at once', `${numberText(limits.roundTrips)}/s`],
    ['signatures whose signer is found, on one core', `${numberText(limits.recoveries)}/s`],
  ]
  return [
    '### What the machine does at best, in the same run',
    '',
    row(['Limit', 'Measured']),
    row(['---', '---']),
    ...lines.map(row),
  ].join('\n')
}
