import { once } from 'node:events'
import { sign } from '@colonies/identity'
import { WebSocket } from 'ws'
import type { Frame, Json, JsonObject, Reply } from './transcript.js'

const frameWaitMs = 15_000

/** A reply with the keys of its envelope, in order. */
export interface Received extends Reply {
  envelope: string[]
}

/** What happens while a subscription is open. */
export interface Meanwhile {
  happen?: () => Promise<unknown>
  /** Frames with what was there before, which come first. */
  framesBefore?: number
}

/** @param privateKey without one the request is not signed */
export function envelopeOf(payloadtype: string, request: JsonObject, privateKey?: string): string {
  const payload = Buffer.from(JSON.stringify(request)).toString('base64')
  return JSON.stringify({ payloadtype, payload, signature: privateKey ? sign(payload, privateKey) : '' })
}

export async function post(url: string, body: string): Promise<Received> {
  const response = await fetch(`${url}/api`, { method: 'POST', body })
  return { status: response.status, ...readFrame(await response.text()) }
}

export function readFrame(text: string): Frame & { envelope: string[] } {
  const envelope = JSON.parse(text) as { payloadtype: string; payload: string; error: boolean }
  const payload = JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8')) as Json
  return { envelope: Object.keys(envelope), payloadtype: envelope.payloadtype, error: envelope.error, payload }
}

/**
 * Sends one subscription.
 *
 * @param happen called when it was sent and `framesBefore` frames have come
 * @param count frames to wait for; fewer come when the server refuses, or ends the connection first
 * @returns the frames; `closedWith` is the close code when the server ended it
 */
export async function subscribe(
  url: string,
  body: string,
  { happen, framesBefore = 0, count }: Meanwhile & { count: number },
): Promise<{ frames: (Frame & { envelope: string[] })[]; closedWith?: number }> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/pubsub`)
  const frames: (Frame & { envelope: string[] })[] = []
  const ended = new Promise<number | undefined>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the subscription neither answered nor ended')), frameWaitMs)
    socket.on('message', (data) => {
      const frame = readFrame(String(data))
      frames.push(frame)
      if (frames.length === count || frame.error) resolve(undefined)
    })
    socket.once('close', (code) => resolve(code))
    socket.once('error', reject)
    socket.once('close', () => clearTimeout(late))
  })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const before = await subscriptionsAt(url)
  socket.send(body)
  // Rights may have to be looked up first: what happens before the subscription counts is not told.
  while (happen && socket.readyState === WebSocket.OPEN && (await subscriptionsAt(url)) <= before);
  while (frames.length < framesBefore && socket.readyState === WebSocket.OPEN)
    await Promise.race([once(socket, 'message'), ended])
  await happen?.()
  const closedWith = await ended
  socket.terminate()
  return closedWith === undefined ? { frames } : { frames, closedWith }
}

async function subscriptionsAt(url: string): Promise<number> {
  const page = await (await fetch(`${url}/metrics`)).text()
  return Number(/^colonies_subscriptions (\d+)$/m.exec(page)?.[1])
}
