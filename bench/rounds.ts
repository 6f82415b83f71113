import { machineCpuSeconds, ownCpuSeconds } from './measure/cpu.js'
import { median } from './measure/statistics.js'
import { RECORDED, recordedOf } from './recorded.js'
import type { BenchColony, Cpu, Figure, OurTarget, OwnRow, Parts, Row, Size, Target, WireRow } from './row.js'
import { makeColony } from './stage/colony.js'

/** Cores that were at work on average, of which the machine has few. */
export interface Cores extends Cpu {
  /** The load itself: signing, sending, reading. */
  load: number
  /** What has nothing to do with it, on the same machine. */
  others: number
}

/** What one server did in one row. */
export interface Measured {
  value: number
  /** Of all runs, in their order. */
  values: number[]
  /** Of the run that is the median. */
  note: string
  parts?: Parts | undefined
  cores: Cores | undefined
}

export interface Result {
  row: Row
  ours: Measured
  /** The best of the other servers. */
  other: (Measured & { name: string }) | undefined
  /** Seconds that all runs took, with what they needed before. */
  seconds: number
}

interface Run extends Figure {
  cores: Cores | undefined
}

/** Measures a row: the servers by turns, so that what else the machine does meets all of them. */
export async function measure(row: Row, ours: OurTarget, others: readonly Target[], size: Size): Promise<Result> {
  const begin = performance.now()
  const runs = size === 'short' ? 1 : (row.runs ?? 3)
  const result =
    row.kind === 'own'
      ? { ours: await repeat(runs, () => runOwn(row, ours, size)), other: undefined }
      : await byTurns(row, { ours, others, runs, size })
  const other = others.length > 0 ? result.other : onRecord(row)
  return { row, ...result, other, seconds: (performance.now() - begin) / 1_000 }
}

function onRecord({ id }: Row): Result['other'] {
  const value = recordedOf(id)
  return value === undefined ? undefined : { name: RECORDED, value, values: [], note: '', cores: undefined }
}

/** What is shown of a row that threw. */
export function failed(row: Row, error: unknown): Result {
  const [line] = String(error).split('\n') // of a table, which has one for each row
  const note = `failed: ${line}`
  return { row, ours: { value: Number.NaN, values: [], note, cores: undefined }, other: undefined, seconds: 0 }
}

interface Turns {
  ours: OurTarget
  others: readonly Target[]
  runs: number
  size: Size
}

async function byTurns(row: WireRow, { ours, others, runs, size }: Turns) {
  const places: { target: Target; colony: BenchColony; done: Run[] }[] = []
  for (const target of [ours, ...others]) {
    await target.resume?.()
    places.push({ target, colony: await makeColony(target, row.members), done: [] })
    target.pause?.()
  }
  for (let run = 0; run < runs; run++) {
    for (const { target, colony, done } of places) {
      await target.resume?.()
      done.push(await runWire(row, target, colony, size))
      target.pause?.()
    }
  }
  for (const { colony } of places) colony.close()
  const [mine, ...theirs] = places.map(({ target, done }) => ({ ...middleOf(done), name: target.name }))
  return { ours: mine as Measured, other: bestOf(row, theirs) }
}

function bestOf<One extends Measured>({ better }: Row, all: readonly One[]): One | undefined {
  const sorted = [...all].sort((a, b) => (better === 'more' ? b.value - a.value : a.value - b.value))
  return sorted[0]
}

async function repeat(runs: number, run: () => Promise<Run>): Promise<Measured> {
  const done: Run[] = []
  for (let turn = 0; turn < runs; turn++) done.push(await run())
  return middleOf(done)
}

const runOwn = (row: OwnRow, target: OurTarget, size: Size) => withCores(target, () => row.run(target, size))

const runWire = (row: WireRow, target: Target, colony: BenchColony, size: Size) =>
  withCores(target, () => row.run(target, colony, size))

async function withCores(target: Target, run: () => Promise<Figure>): Promise<Run> {
  const [before, load, all, begin] = [
    await target.cpuSeconds(),
    ownCpuSeconds(),
    machineCpuSeconds(),
    performance.now(),
  ]
  const figure = await run()
  const [after, seconds] = [await target.cpuSeconds(), (performance.now() - begin) / 1_000]
  if (!before || !after) return { ...figure, cores: undefined }
  const ours = {
    load: (ownCpuSeconds() - load) / seconds,
    server: (after.server - before.server) / seconds,
    database: (after.database - before.database) / seconds,
  }
  const others = (machineCpuSeconds() - all) / seconds - ours.load - ours.server - ours.database
  return { ...figure, cores: { ...ours, others: Math.max(0, others) } }
}

function middleOf(runs: readonly Run[]): Measured {
  const values = runs.map(({ value }) => value)
  const value = median(values)
  const run = runs.find((one) => one.value === value) ?? runs[0]
  return { value, values, note: run?.note ?? '', parts: run?.parts, cores: run?.cores }
}
