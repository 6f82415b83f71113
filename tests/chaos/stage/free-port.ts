import { createServer } from 'node:net'

/** Below those that the system gives to connections, one of which might take the port before the server does that it is for. */
const FIRST = 20_000
const COUNT = 12_000
const TRIES = 20

/** A port of this machine that nobody uses at the moment. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const port = FIRST + Math.floor(Math.random() * COUNT)
    if (await isFree(port)) return port
  }
  throw new Error(`none of ${TRIES} ports is free`)
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
