import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Verdict } from './simulate.js'
import { realNow } from './world/globals.js'

export interface Summary {
  histories: number
  events: number
  processes: number
  seconds: number
  /** Verdicts of histories that broke a promise. */
  broken: Verdict[]
}

interface ManyOptions {
  from: number
  count: number
  workers: number
  /** Name of a planted fault. */
  fault?: string | undefined
  /** Ends after the first broken history. */
  untilBroken?: boolean
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

/** Simulates many seeds in several processes. */
export async function simulateMany({
  from,
  count,
  workers,
  fault,
  untilBroken = false,
}: ManyOptions): Promise<Summary> {
  const startedAt = realNow()
  const summary: Summary = { histories: 0, events: 0, processes: 0, seconds: 0, broken: [] }
  let next = from
  const takeTask = (): Task | undefined => {
    if (next >= from + count || (untilBroken && summary.broken.length > 0)) return undefined
    const seeds = Array.from({ length: Math.min(taskSize, from + count - next) }, () => next++)
    return { seeds, fault }
  }
  await Promise.all(Array.from({ length: workers }, () => work(takeTask, summary)))
  summary.broken.sort((a, b) => a.seed - b.seed)
  return { ...summary, seconds: (realNow() - startedAt) / 1000 }
}

function work(takeTask: () => Task | undefined, summary: Summary): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(worker, { execArgv: ['--enable-source-maps', '--import', register] })
    const goOn = () => {
      const task = takeTask()
      if (task) child.send(task)
      else child.disconnect()
    }
    child.on('message', (verdicts: Verdict[]) => {
      for (const verdict of verdicts) {
        summary.histories += 1
        summary.events += verdict.events
        summary.processes += verdict.processes
        if (verdict.faults.length > 0) summary.broken.push(verdict)
      }
      goOn()
    })
    child.on('error', reject)
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`A worker ended with ${code}.`))))
    goOn()
  })
}
