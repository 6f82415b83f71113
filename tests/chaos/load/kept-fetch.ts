import { Agent, request } from 'node:http'
import type { Fetch } from '@colonies/client'

/**
 * `fetch` for thousands of requests on hold at one server, in place of Node's own: that one goes through all of its
 * connections for each request, and gives up a reply that has not begun after five minutes.
 */
export function keptFetch(): Fetch {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, maxFreeSockets: 20_000 })
  return (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const sent = request(url, { agent, method, headers, signal }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          resolve({
            status: response.statusCode ?? 0,
            headers: { get: (name) => String(response.headers[name] ?? '') || null },
            text: async () => text,
          })
        })
      })
      sent.on('error', reject)
      sent.end(body)
    })
}
