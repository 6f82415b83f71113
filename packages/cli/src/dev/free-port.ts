import { createServer } from 'node:net'

/** The first port from `first` on that nobody listens on; 0, any, when a hundred are taken. */
export async function freePort(first: number): Promise<number> {
  for (let port = first; port < Math.min(first + 100, 65_536); port += 1) if (await isFree(port)) return port
  return 0
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, () => server.close(() => resolve(true)))
  })
}
