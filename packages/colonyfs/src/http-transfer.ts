import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

export interface Transfer {
  method: string
  url: URL
  headers: OutgoingHttpHeaders
  /** Read anew for each try. */
  body?: Readable | string | undefined
  signal?: AbortSignal | undefined
}

export interface ConnectionOptions {
  /** Connections at once. */
  connectionsMax: number
  /** Accept any certificate. */
  skipVerify: boolean
}

/** A connection that moves no byte for so long is given up. */
const IDLE_MS_MAX = 60_000

/**
 * Sends requests with bodies of any size in little memory: `fetch` of Node keeps what it sends in memory until all is sent
 * (880 MB for a file of 800 MB, against 90 MB here).
 */
export class HttpTransfers {
  readonly #http: HttpAgent
  readonly #https: HttpsAgent

  constructor({ connectionsMax, skipVerify }: ConnectionOptions) {
    const options = { keepAlive: true, maxSockets: connectionsMax }
    this.#http = new HttpAgent(options)
    this.#https = new HttpsAgent({ ...options, rejectUnauthorized: !skipVerify })
  }

  /** Resolves when the reply begins. @throws Error of Node when the connection fails, or `signal` is aborted */
  async send({ method, url, headers, body, signal }: Transfer): Promise<IncomingMessage> {
    const secure = url.protocol === 'https:'
    const options = { method, headers, agent: secure ? this.#https : this.#http, ...(signal && { signal }) }
    const request = secure ? httpsRequest(url, options) : httpRequest(url, options)
    const reply = new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve)
      request.once('error', reject)
    })
    request.setTimeout(IDLE_MS_MAX, () => request.destroy(new Error(`${url.host} was silent for a minute`)))
    if (body === undefined || typeof body === 'string') request.end(body)
    else {
      // A server that refuses may answer before it has read all; then its answer counts, not the broken pipe.
      pipeline(body, request).catch(() => {})
    }
    return reply
  }

  close(): void {
    this.#http.destroy()
    this.#https.destroy()
  }
}

/** The whole text of a short reply. */
export async function textOf(reply: IncomingMessage, bytesMax = 1024 * 1024): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of reply as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > bytesMax) throw new Error(`The reply has more than ${bytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
