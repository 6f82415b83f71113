import assert from 'node:assert/strict'
import { once } from 'node:events'
import { sign } from '@colonies/identity'
import { encodeBase64, readRefusal, readReply, writeRequest } from '@colonies/protocol'
import { WebSocket } from 'ws'

/** What a server answered. */
export interface Answer {
  status: number
  /** Of a refusal; else empty. */
  message: string
  code: string
  /** The decoded payload. */
  payload: unknown
}

/** Writes a request as any client may, without looking at the contract. */
export function envelopeOf(payloadtype: string, payload: object, privateKey: string): string {
  const base64 = payloadOf(payloadtype, payload)
  return writeRequest(payloadtype, base64, sign(base64, privateKey))
}

export function payloadOf(payloadtype: string, payload: object): string {
  return encodeBase64(JSON.stringify({ ...payload, msgtype: payloadtype }))
}

/** Sends an envelope to where it belongs. */
export function send(url: string, envelope: string, transport: 'http' | 'websocket' = 'http'): Promise<Answer> {
  return transport === 'http' ? post(url, envelope) : subscribe(url, envelope)
}

async function post(url: string, body: string): Promise<Answer> {
  const response = await fetch(`${url}/api`, { method: 'POST', body })
  const answer = readAnswer(await response.text())
  assert.equal(response.status, answer.status)
  return answer
}

/** @returns the frame that refuses; 200 when the server ends the subscription without one */
async function subscribe(url: string, envelope: string): Promise<Answer> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/pubsub`)
  await once(socket, 'open')
  const closed = new Promise<Answer>((resolve) => {
    socket.once('close', (code) =>
      resolve({ status: code === 1000 ? 200 : code, message: '', code: '', payload: null }),
    )
  })
  const refused = new Promise<Answer>((resolve) => {
    socket.on('message', (frame) => {
      const answer = readAnswer(String(frame))
      // Subscriptions to channels end with an empty frame, and leave the connection open.
      const isEnd = Array.isArray(answer.payload) && answer.payload.length === 0
      if (answer.code !== '' || isEnd) resolve(answer)
    })
  })
  socket.send(envelope)
  try {
    return await Promise.race([refused, closed])
  } finally {
    socket.terminate()
  }
}

function readAnswer(text: string): Answer {
  const { payload, error } = readReply(text)
  const json = Buffer.from(payload, 'base64').toString()
  if (error) return { ...readRefusal(json), payload: undefined }
  return { status: 200, message: '', code: '', payload: JSON.parse(json) }
}
