import type { Server } from 'node:http'
import { ConfigError } from '../config.js'

export interface Address {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
}

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
    server.listen({ host, port, exclusive }, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}
