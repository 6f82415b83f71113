import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, BlockList, isIPv6 } from 'node:net'
import type { Metrics } from './metrics.js'
import { type Address, openPort } from './open-port.js'
import { type Reply, writeReply } from './write-reply.js'

const path = '/metrics'
/** Prometheus needs one. */
const CONNECTIONS_MAX = 20

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** What a proxy on this machine adds to the requests of others. */
const forwarding = ['forwarded', 'x-forwarded-for', 'x-real-ip']

/** On the port of the API, the numbers are for this machine: they tell how busy a server is, and with what. */
export function localMetrics(metrics: Metrics, request: IncomingMessage): Reply {
  const from = request.socket.remoteAddress ?? ''
  const isLocal = loopback.check(from, isIPv6(from) ? 'ipv6' : 'ipv4')
  if (isLocal && !forwarding.some((name) => name in request.headers)) return metricsReply(metrics)
  return {
    status: 403,
    body: 'Only this machine may read the metrics here; COLONIES_METRICS gives them a port of their own',
  }
}

export interface MetricsListener {
  readonly port: number
  stop(): Promise<void>
}

/** Opens a port for nothing but the metrics. @throws ConfigError when the address is taken, or not ours */
export async function listenForMetrics(address: Address, metrics: Metrics): Promise<MetricsListener> {
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    const isAsked = request.method === 'GET' && request.url === path
    writeReply(request, response, isAsked ? metricsReply(metrics) : { status: 404, body: `Only ${path} is here` })
  })
  server.maxConnections = CONNECTIONS_MAX
  await openPort(server, { ...address, exclusive: true }, { host: 'COLONIES_METRICS', port: 'COLONIES_METRICS' })
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

function metricsReply(metrics: Metrics): Reply {
  return { status: 200, body: metrics.render(), type: 'text/plain; version=0.0.4; charset=utf-8' }
}
