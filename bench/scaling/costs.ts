import type { Inputs } from './inputs.js'
import type { Cost, Costs } from './system.js'

// From what was measured, in microseconds, to what the model takes, in milliseconds.

/** The scenes of `cost-operations` between which a cost lies: statements of one process, and of as many as 64 connections give. */
const [ALONE, TOGETHER] = ['apart', '64']

export const phases = ['submit', 'assign', 'close'] as const
export type Phase = (typeof phases)[number]

/** @throws Error for what was not measured */
export function part({ rows }: Inputs, row: string, name: string): number {
  const value = rows[row]?.parts[name]
  if (value === undefined) throw new Error(`bench/scaling/inputs.json has no ${name} of ${row}: measure it first`)
  return value
}

/** A line through two measurements: what each statement costs, and what each process in it. */
function lineOf(inputs: Inputs, what: Phase, of: 'server' | 'database'): { each: number; batch: number } {
  const at = (scene: string) => ({
    cost: part(inputs, 'cost-operations', `${what} ${scene} ${of} µs`),
    size: part(inputs, 'cost-operations', `${what} ${scene} batch`),
  })
  const [alone, together] = [at(ALONE), at(TOGETHER)]
  const batch = (alone.cost - together.cost) / (1 / alone.size - 1 / together.size)
  return { each: alone.cost - batch / alone.size, batch }
}

export function costOf(inputs: Inputs, what: Phase): Cost {
  const [server, database] = [lineOf(inputs, what, 'server'), lineOf(inputs, what, 'database')]
  return {
    server: server.each / 1_000,
    serverBatch: server.batch / 1_000,
    database: database.each / 1_000,
    databaseBatch: database.batch / 1_000,
  }
}

/** What one process costs in a statement of so many. */
export function eachOf(cost: Cost, size: number, of: 'server' | 'database'): number {
  return of === 'server' ? cost.server + cost.serverBatch / size : cost.database + cost.databaseBatch / size
}

export function costsOf(inputs: Inputs): Costs {
  const submit = costOf(inputs, 'submit')
  const of = (row: string, name: string) => part(inputs, row, name) / 1_000
  const single = (row: string, name: string) => ({
    server: of(row, `${name} server µs`),
    serverBatch: 0,
    database: of(row, `${name} database µs`),
    databaseBatch: 0,
  })
  const size = part(inputs, 'cost-dispatch', 'dispatch batch')
  const more = (what: 'server' | 'database') =>
    Math.max(0, of('cost-dispatch', `dispatch ${what} µs`) - eachOf(submit, size, what))
  return {
    submit,
    assign: costOf(inputs, 'assign'),
    close: costOf(inputs, 'close'),
    hang: single('cost-poll', 'poll'),
    dispatch: { server: more('server'), serverBatch: 0, database: more('database'), databaseBatch: 0 },
    heartbeat: single('cost-heartbeat', 'heartbeat'),
  }
}

/** What the line says of the scene between the two, beside what was measured there: how far lines are to be trusted. */
export function between(inputs: Inputs, what: Phase, of: 'server' | 'database'): { said: number; measured: number } {
  const size = part(inputs, 'cost-operations', `${what} 8 batch`)
  return {
    said: eachOf(costOf(inputs, what), size, of) * 1_000,
    measured: part(inputs, 'cost-operations', `${what} 8 ${of} µs`),
  }
}

/** What the load of the bench takes for an operation, in milliseconds. */
export function loadOf(inputs: Inputs): Record<Phase, number> {
  const of = (what: Phase) => part(inputs, 'cost-operations', `${what} ${TOGETHER} load µs`) / 1_000
  return { submit: of('submit'), assign: of('assign'), close: of('close') }
}
