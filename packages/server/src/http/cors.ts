import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'

const allowAll: OutgoingHttpHeaders = { 'Access-Control-Allow-Origin': '*' }
/** Beside the body, clients look at when to come back. */
const readable: OutgoingHttpHeaders = { ...allowAll, 'Access-Control-Expose-Headers': 'Retry-After' }
const nothing: OutgoingHttpHeaders = {}

/** What a page of any origin needs to read our replies: the signature is what protects them, not the origin. */
export const preflightHeaders: OutgoingHttpHeaders = {
  ...allowAll,
  'Access-Control-Allow-Methods': 'GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS',
  'Access-Control-Allow-Headers': 'Origin,Content-Length,Content-Type',
  'Access-Control-Max-Age': '43200',
}

/** Whether a browser sent this for a page that we did not serve. */
export function isCrossOrigin({ headers: { origin, host } }: IncomingMessage): boolean {
  return origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`
}

export function corsHeaders(request: IncomingMessage): OutgoingHttpHeaders {
  return isCrossOrigin(request) ? readable : nothing
}

const noHeaders = {}
const noRawHeaders: string[] = []

/** Lets go of what is not looked at again when the reply is written: of a request that hangs, headers are a good part. */
export function keepOnlyOrigin(request: IncomingMessage): void {
  const { origin, host } = request.headers
  request.headers = isCrossOrigin(request) ? { origin, host } : noHeaders
  request.rawHeaders = noRawHeaders
}
