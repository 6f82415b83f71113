import type { Server } from 'node:http'
import { ConfigError } from '../config.js'

export interface Address {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
}

/**
 * Callers that the system lets wait for us to accept them; it may have a bound of its own below that (Linux: 4 096). Of more, each is
 * turned away in silence and tries again after one second, three, seven: ten thousand executors come back all at once.
 */
const BACKLOG = 20_000

/** Listens, in a worker on the port that it shares with the others, unless that is to be its own. @param variables name what to correct @throws ConfigError when the address is taken, or not ours */
export function openPort(
  server: Server,
  { host, port, exclusive = false }: Address & { exclusive?: boolean },
  variables: { host: string; port: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        {
          EADDRINUSE: `Port ${port} is taken by another program: stop that, or choose another with ${variables.port}.`,
          EACCES: `Port ${port} is not for everybody: choose one from 1024 on with ${variables.port}.`,
          EADDRNOTAVAIL: `This machine has no address ${host}: correct ${variables.host}.`,
          ENOTFOUND: `The name ${host} is not known: correct ${variables.host}.`,
        }[error.code ?? ''] ?? `The server cannot listen on ${host}, port ${port}: ${error.message}.`
      reject(new ConfigError(why, { cause: error }))
    })
    server.listen({ host, port, exclusive, backlog: BACKLOG }, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}
