import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { corsHeaders } from './cors.js'

/** What every reply says it is, although those of the API are JSON: clients of the original expect it. */
export const plainText = 'text/plain; charset=utf-8'

export interface Reply {
  status: number
  body: string | Uint8Array
  /** Content type; plain text when left out. */
  type?: string
  headers?: OutgoingHttpHeaders
}

/** Writes a whole reply, in one piece where it is short. */
export function writeReply(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body, type = plainText, headers }: Reply,
): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    ...corsHeaders(request),
    ...headers,
  })
  response.end(body)
}
