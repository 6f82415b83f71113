import { cpuSecondsOf } from '../measure/cpu.js'
import type { Target } from '../row.js'

export interface GivenServer {
  url: string
  name: string
  /** Of the owner of the server. */
  serverKey: string
  /** Of the server and of the postmaster, when they run here. */
  pids?: readonly [number, number] | undefined
}

/** So long it takes to notice that time has passed, and to do what was due meanwhile. */
const AWAKE_MS = 2_000

/** A server that somebody else started, and that speaks the protocol. */
export function givenServer({ url, name, serverKey, pids }: GivenServer): Target {
  return {
    name,
    url,
    serverKey,
    cpuSeconds: async () => pids && { server: await cpuSecondsOf(pids[0]), database: await cpuSecondsOf(pids[1]) },
    pause: pids && (() => process.kill(pids[0], 'SIGSTOP')),
    resume:
      pids &&
      (async () => {
        process.kill(pids[0], 'SIGCONT')
        // sleeps: until it has done what was due
        await new Promise((resolve) => setTimeout(resolve, AWAKE_MS))
      }),
  }
}
