/**
 * What v1.9.12 of the original did in these rows, the better of its two ways of assigning: on two shared cores, with PostgreSQL 15 and
 * fsync on, the load a process of its own. Stands in where no other server is measured in the same run, which says more.
 */
const recorded: Readonly<Record<string, number>> = {
  'submit-64': 338,
  'submit-1': 214,
  'assign-close-16': 121,
  'assign-close-64': 138,
  'lives-16-16': 91,
  'cpu-per-life': 17_500,
  woken: 10.3,
  'chain-1000': 1.1,
  'fan-1000': 0.7,
  'pack-64': 675,
}

export const RECORDED = 'v1.9.12, recorded'

/** @returns what it did in a row */
export const recordedOf = (id: string): number | undefined => recorded[id]
