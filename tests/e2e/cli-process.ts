import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../../../packages/cli/bin/colonies.js', import.meta.url))
const SAMPLE_MS = 100

export interface CliEnd {
  /** Null when it was killed. */
  code: number | null
  out: string
  err: string
  seconds: number
  /** The most memory it had; 0 where the system does not tell. */
  bytesMax: number
}

/** The command as a process of its own. */
export class CliProcess {
  readonly #child: ChildProcess
  readonly ended: Promise<CliEnd>

  constructor(parameters: readonly string[], env: Readonly<Record<string, string>>) {
    const beganAt = performance.now()
    const child = spawn(process.execPath, [bin, ...parameters], {
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    const said = { out: '', err: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => void (said.out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => void (said.err += text))
    const memory = watchMemory(child.pid)
    this.ended = once(child, 'close').then(([code]) => ({
      code: code as number | null,
      ...said,
      seconds: (performance.now() - beganAt) / 1000,
      bytesMax: memory.end(),
    }))
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }
}

/** Looks at the memory of a process until `end`, which gives the most it had. */
export function watchMemory(pid: number | undefined): { end(): number } {
  let most = 0
  const look = () => {
    most = Math.max(most, residentBytes(pid))
  }
  const timer = setInterval(look, SAMPLE_MS)
  return {
    end() {
      look()
      clearInterval(timer)
      return most
    },
  }
}

/** The high-water mark that Linux keeps; 0 for a process that is gone, and on other systems. */
function residentBytes(pid: number | undefined): number {
  try {
    return Number(/^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
