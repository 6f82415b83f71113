import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import {
  decodeBase64,
  type ErrorCode,
  encodeBase64,
  encodeJson,
  type JsonValue,
  readEnvelope,
  writeRefusal,
  writeReply,
} from '@colonies/protocol'
import { WebSocketServer } from 'ws'

export interface Request {
  payloadtype: string
  input: Record<string, JsonValue>
}

/** How the network and the server behave; `hang` never answers, `drop` breaks the connection. */
export type Answer =
  | 'hang'
  | 'drop'
  | { reply: JsonValue }
  | { status: number; message: string; code?: ErrorCode; retryAfter?: string }
  | { raw: string; status: number }

export interface FakeServer {
  url: string
  /** What came over HTTP, oldest first. */
  requests: Request[]
  /** Ends every WebSocket, as a proxy that restarts does. */
  dropSockets(): void
  stop(): Promise<void>
}

interface Behaviour {
  answer: (request: Request, count: number) => Answer
  /** What a subscription is told; without it, WebSockets are refused. */
  frames?: (request: Request, send: (frame: Answer) => void) => void
}

/**
 * A server that speaks envelopes and knows nothing else: for what a real one does not do on demand, such as failing.
 */
export async function fakeServer(t: TestContext, { answer, frames }: Behaviour): Promise<FakeServer> {
  const requests: Request[] = []
  const http = createServer(async (incoming, outgoing) => {
    const request = readRequest(await bodyOf(incoming))
    requests.push(request)
    give(answer(request, requests.length), outgoing)
  })
  const sockets = new WebSocketServer({ noServer: true })
  http.on('upgrade', (incoming, socket, head) => {
    if (!frames) return socket.destroy()
    sockets.handleUpgrade(incoming, socket, head, (opened) => {
      opened.on('message', (text) => frames(readRequest(String(text)), (frame) => opened.send(bodyFor(frame))))
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const dropSockets = () => {
    for (const socket of sockets.clients) socket.terminate()
  }
  const stop = async () => {
    dropSockets()
    http.closeAllConnections()
    http.close()
    await setImmediate()
  }
  t.after(stop)
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, requests, dropSockets, stop }
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of incoming) body += String(chunk)
  return body
}

function readRequest(body: string): Request {
  const { payloadtype, payload } = readEnvelope(body)
  return { payloadtype, input: JSON.parse(decodeBase64(payload)) as Record<string, JsonValue> }
}

function give(answer: Answer, outgoing: ServerResponse): void {
  if (answer === 'hang') return
  if (answer === 'drop') return void outgoing.destroy()
  if ('retryAfter' in answer && answer.retryAfter) outgoing.setHeader('retry-after', answer.retryAfter)
  outgoing.statusCode = 'status' in answer ? answer.status : 200
  outgoing.end(bodyFor(answer))
}

function bodyFor(answer: Answer): string {
  if (typeof answer === 'string') return ''
  if ('raw' in answer) return answer.raw
  if ('reply' in answer) return writeReply('reply', encodeBase64(encodeJson(answer.reply)))
  return writeRefusal(answer.status, answer.message, answer.code)
}
