import type { Result } from '../rounds.js'
import type { Parts } from '../row.js'

/** What was measured, in bench/scaling/inputs.json; `npm run bench -- --write-inputs ROWS` puts it there. */
export interface Inputs {
  /** By the id of the row of the bench. */
  rows: Record<string, Input>
}

export interface Input {
  value: number
  unit: string
  /** Of all runs; `value` is their median. */
  least: number
  most: number
  /** By what was measured, with the unit at the end. */
  parts: Parts
  /** That were at work meanwhile. */
  cores: Record<string, number>
  /** Milliseconds of a commit of one row in the same run: nearly all of it until the log is on disk. */
  commitMs: number
  command: string
  machine: string
}

export function inputOf(
  { row, ours }: Pick<Result, 'row' | 'ours'>,
  { commitMs, machine, command }: Pick<Input, 'commitMs' | 'machine' | 'command'>,
): Input {
  return {
    value: rounded(ours.value),
    unit: row.unit,
    least: rounded(Math.min(...ours.values)),
    most: rounded(Math.max(...ours.values)),
    parts: allRounded(ours.parts ?? {}),
    cores: allRounded({ ...ours.cores }),
    commitMs: rounded(commitMs),
    command,
    machine,
  }
}

/** To what means something, and is easily read in a diff. */
const rounded = (value: number): number => Number(value.toPrecision(4))

const allRounded = (values: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, rounded(value)]))
