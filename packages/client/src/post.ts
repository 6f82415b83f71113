import { ClientError, ConnectionError, ServerError } from './errors.js'
import { openReply } from './reply.js'

/** What is used of `fetch`, so that anything alike can be given. */
export type Fetch = (
  url: string,
  init: { method: string; body: string; signal: AbortSignal; headers: Record<string, string> },
) => Promise<{ status: number; headers: { get(name: string): string | null }; text(): Promise<string> }>

/**
 * Posts one envelope and reads the reply.
 *
 * @returns the decoded payload
 * @throws ClientError of any kind but AbortedError and TimeoutError, which are for whoever owns the signal
 */
export async function post(fetch: Fetch, url: string, body: string, signal: AbortSignal): Promise<string> {
  const { status, retryAfter, text } = await exchange(fetch, url, body, signal)
  try {
    // Some servers answer with HTTP 200 and a refusal in the body, so it is the body that counts.
    return openReply(text, retryAfterMs(retryAfter))
  } catch (error) {
    if (error instanceof ClientError) throw error
    // A proxy on the way, a crash, or no Colonies server at all.
    throw new ServerError(`${url} answered ${status}, but not as a Colonies server does: check the address.`, {
      status,
      retryable: [429, 502, 503, 504].includes(status),
      retryAfterMs: retryAfterMs(retryAfter),
      cause: error,
    })
  }
}

async function exchange(fetch: Fetch, url: string, body: string, signal: AbortSignal) {
  try {
    // A simple content type, so that browsers ask for no permission beforehand.
    const headers = { 'content-type': 'text/plain; charset=utf-8' }
    const response = await fetch(url, { method: 'POST', body, signal, headers })
    return { status: response.status, retryAfter: response.headers.get('retry-after'), text: await response.text() }
  } catch (error) {
    const { code, message } = deepest(error)
    throw new ConnectionError(`${url} did not answer: ${message || code}`, {
      neverSent: neverSentCodes.includes(code),
      cause: error,
    })
  }
}

/** What Node says when no connection came about. Browsers do not tell. */
const neverSentCodes = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]

/** `fetch` wraps the reason, in Node often twice. */
function deepest(error: unknown): { code: string; message: string } {
  if (!(error instanceof Error)) return { code: '', message: String(error) }
  if (error.cause instanceof Error) return deepest(error.cause)
  return { code: 'code' in error ? String(error.code) : '', message: error.message }
}

/** @returns undefined when there is none that can be read */
function retryAfterMs(header: string | null): number | undefined {
  if (header === null || header.trim() === '') return undefined
  const seconds = Number(header)
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(header) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}
