import { Agent, createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

export interface Spreader {
  /** In front of all replicas. */
  readonly url: string
  stop(): Promise<void>
}

/**
 * A load balancer without any loyalty: of the requests that come, each goes to the next replica. What works through it does
 * not depend on which replica is asked.
 */
export async function spreadRequests(ports: readonly number[]): Promise<Spreader> {
  const agent = new Agent({ keepAlive: true })
  const sockets = new Set<Socket>()
  let next = 0
  const nextPort = () => ports[next++ % ports.length] ?? 0

  // As long as a replica keeps them: the default of five seconds ends connections that a busy test is about to use.
  const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) =>
    pass(request, response, { agent, port: nextPort() }),
  )
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const replica = connect(nextPort(), '127.0.0.1')
    replica.write(`${headOf(request)}\r\n\r\n`)
    replica.write(head)
    socket.pipe(replica).pipe(socket)
    for (const [one, other] of [
      [socket, replica],
      [replica, socket],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.closeAllConnections()
      agent.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function pass(
  request: IncomingMessage,
  response: ServerResponse,
  { agent, port }: { agent: Agent; port: number },
): void {
  const { method, url, headers } = request
  const passed = forward({ host: '127.0.0.1', port, method, path: url, headers, agent }, (reply) => {
    response.writeHead(reply.statusCode ?? 502, reply.headers)
    reply.pipe(response)
    reply.on('error', () => response.destroy())
  })
  passed.on('error', () => response.destroy())
  // A caller that leaves has left the replica, too.
  response.on('close', () => passed.destroy())
  request.pipe(passed)
}

/** The first lines of a request, as they came. */
function headOf({ method, url, rawHeaders }: IncomingMessage): string {
  const lines = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : []))
  return [`${method} ${url} HTTP/1.1`, ...lines].join('\r\n')
}
