import { readdir, readFile } from 'node:fs/promises'
import { cpus } from 'node:os'

/** Of one second, in /proc: what `getconf CLK_TCK` says on every Linux that Node runs on. */
const TICKS = 100

interface ProcessTimes {
  pid: number
  parent: number
  /** Of itself and of its children that have ended. */
  seconds: number
}

/** Seconds of processor time that a process and all that it started have used. @throws Error where there is no /proc */
export async function cpuSecondsOf(root: number): Promise<number> {
  const all = await timesOfAll()
  const below = (pid: number): number =>
    all.filter(({ parent }) => parent === pid).reduce((sum, child) => sum + child.seconds + below(child.pid), 0)
  return (all.find(({ pid }) => pid === root)?.seconds ?? 0) + below(root)
}

/** Of this process. */
export function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Of all that this machine does. */
export function machineCpuSeconds(): number {
  return cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0) / 1_000
}

/** Who started a process. */
export async function parentOf(pid: number): Promise<number> {
  const times = await timesOf(String(pid))
  if (!times) throw new Error(`there is no process ${pid}`)
  return times.parent
}

/** Bytes of a process that are its own: without files that it has mapped. */
export async function ownBytesOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8')
  const kilobytes = /^RssAnon:\s+(\d+) kB$/m.exec(text)?.[1]
  if (kilobytes === undefined) throw new Error(`/proc/${pid}/status says nothing of RssAnon`)
  return Number(kilobytes) * 1024
}

async function timesOfAll(): Promise<ProcessTimes[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const all = await Promise.all(pids.map(timesOf))
  return all.filter((times) => times !== undefined)
}

/** @returns undefined for a process that has ended meanwhile */
async function timesOf(pid: string): Promise<ProcessTimes | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  // After the name, which may hold anything: state, parent, ... and as 12th to 15th the times.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return { pid: Number(pid), parent: Number(fields[1]), seconds: ticks / TICKS }
}
