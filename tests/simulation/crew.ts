import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Verdict } from './simulate.js'
import { realNow } from './world/globals.js'

export interface Summary {
  histories: number
  events: number
  processes: number
  /** How long all took in their worlds, in milliseconds. */
  worldMs: number
  /** How long that took here. */
  seconds: number
  /** Verdicts of histories that broke a promise, by seed. */
  broken: Verdict[]
}

interface CrewOptions {
  from: number
  count: number
  /** Name of a planted fault. */
  fault?: string | undefined
  /** Ends after the first broken history. */
  untilBroken?: boolean
  /** Told after each task what has been done so far, and up to which seed everything has. */
  onProgress?: (summary: Summary, doneTo: number) => void
}

/** What a worker is told, one after the other. */
export interface Task {
  seeds: number[]
  fault: string | undefined
}

const worker = fileURLToPath(new URL('worker.js', import.meta.url))
const register = new URL('register.js', import.meta.url).href
/** Seeds of one task: a worker asks for more when it is done. */
const taskSize = 10

/** Processes that simulate. They live for many seeds: loading the product takes longer than a history. */
export class Crew {
  readonly #workers: ChildProcess[]

  constructor(size: number) {
    const execArgv = ['--enable-source-maps', '--import', register]
    this.#workers = Array.from({ length: size }, () => fork(worker, { execArgv }))
  }

  /** Simulates many seeds; one call after the other. */
  async simulate({ from, count, fault, untilBroken = false, onProgress }: CrewOptions): Promise<Summary> {
    const startedAt = realNow()
    const summary: Summary = { histories: 0, events: 0, processes: 0, worldMs: 0, seconds: 0, broken: [] }
    const end = from + count
    const underWay = new Set<Task>()
    let next = from
    const takeTask = (): Task | undefined => {
      if (next >= end || (untilBroken && summary.broken.length > 0)) return undefined
      const seeds = Array.from({ length: Math.min(taskSize, end - next) }, () => next++)
      const task = { seeds, fault }
      underWay.add(task)
      return task
    }
    const work = async (child: ChildProcess) => {
      for (let task = takeTask(); task; task = takeTask()) {
        add(summary, await performed(child, task))
        summary.seconds = (realNow() - startedAt) / 1000
        underWay.delete(task)
        onProgress?.(summary, Math.min(next, ...[...underWay].flatMap(({ seeds }) => seeds)) - 1)
      }
    }
    await Promise.all(this.#workers.map(work))
    summary.broken.sort((a, b) => a.seed - b.seed)
    return summary
  }

  dismiss(): void {
    for (const child of this.#workers) child.disconnect()
  }
}

function performed(child: ChildProcess, task: Task): Promise<Verdict[]> {
  return new Promise((resolve, reject) => {
    const die = (code: unknown) => reject(new Error(`A worker ended with ${code}.`))
    child.once('exit', die)
    child.once('message', (verdicts: Verdict[]) => {
      child.off('exit', die)
      resolve(verdicts)
    })
    child.send(task)
  })
}

function add(summary: Summary, verdicts: readonly Verdict[]): void {
  for (const verdict of verdicts) {
    summary.histories += 1
    summary.events += verdict.events
    summary.processes += verdict.processes
    summary.worldMs += verdict.endedMs
    if (verdict.faults.length > 0) summary.broken.push(verdict)
  }
}
