import { cpus, loadavg, totalmem } from 'node:os'

/** In one line, for beside the numbers. */
export function machine(): string {
  const [cpu] = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} x ${cpu?.model.trim()}, ${memory} GiB, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)} at the start`
}
