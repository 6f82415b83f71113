import { type Caller, type CallOptions, readPayload, writeEnvelope } from './call.js'
import { abortedError } from './clock.js'
import { ClientError, ConnectionError, ServerError } from './errors.js'
import { FrameQueue } from './frame-queue.js'
import { openReply } from './reply.js'
import type { WireOperation } from './wire-operation.js'

/** Frames as they come. Leaving the loop closes the connection. */
export type Subscription<Frame> = AsyncIterableIterator<Frame, undefined>

/**
 * Asks for frames on a connection of its own, which is opened at once.
 *
 * @returns frames until the server ends the subscription, which it does after the seconds given as `timeout`; iterating
 * throws ClientError when the server refuses, ConnectionError when the connection breaks, is not there in time, outlives its
 * end, or there is no WebSocket here, and AbortedError
 */
export function subscribe(
  { connection, signer }: Caller,
  operation: WireOperation,
  input: object,
  { signal }: CallOptions = {},
): Subscription<unknown> {
  const { openSocket, endpoints, clock } = connection
  const onAbort = () => signal && frames.end(abortedError(signal))
  let patience = new AbortController()
  const frames = new FrameQueue<unknown>(() => {
    signal?.removeEventListener('abort', onAbort)
    patience.abort()
    socket?.close()
  })
  // Whoever is gone without a word says nothing, and TCP may not notice either.
  const expectEndWithin = (ms: number, why: string) => {
    patience.abort()
    patience = new AbortController()
    const over = clock.pause(ms, patience.signal)
    over.then(
      () => breakOff(new ConnectionError(`${endpoint.pubsub} ${why}.`)),
      () => {}, // it ended before
    )
  }
  const breakOff = (error: ConnectionError) => {
    if (frames.ended) return
    endpoints.failed(endpoint, clock.now(), undefined)
    frames.end(error)
  }
  const endpoint = endpoints.pick(clock.now())
  const body = writeEnvelope(signer, operation, input)
  const socket = openSocket?.(endpoint.pubsub)
  if (!socket) {
    frames.end(new ConnectionError('There is no WebSocket here: give createClient one, such as that of npm ws.'))
    return frames
  }
  if (signal?.aborted) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })

  const holdMs = Number('timeout' in input ? input.timeout : 0) * 1_000
  const ownEndMs = clock.now() + holdMs
  if (!frames.ended) expectEndWithin(connection.timeoutMs, `did not answer within ${connection.timeoutMs} ms`)
  socket.addEventListener('open', () => {
    if (frames.ended) return
    expectEndWithin(holdMs + connection.timeoutMs, 'did not end the subscription when its time was over')
    socket.send(body)
  })
  socket.addEventListener('message', (event) => {
    try {
      const text = 'data' in event ? String(event.data) : ''
      frames.push(readFrame(operation, text), text.length)
    } catch (error) {
      frames.end(error)
    }
  })
  socket.addEventListener('error', (event) => {
    breakOff(new ConnectionError(`The connection to ${endpoint.pubsub} broke.`, { cause: event }))
  })
  socket.addEventListener('close', (event) => {
    // The original server never says goodbye: it drops the connection when the time is over.
    const inOrder = ('code' in event && event.code === 1000) || clock.now() > ownEndMs - closeSlackMs
    if (inOrder) return frames.end(undefined)
    // A server that was killed, or stops: whoever subscribes again does so at another one, where there is one.
    breakOff(new ConnectionError(`${endpoint.pubsub} closed the connection.`))
  })
  return frames
}

const closeSlackMs = 1_000

/** @throws ClientError when the frame is a refusal, or no frame of this operation */
function readFrame(operation: WireOperation, text: string): unknown {
  try {
    return readPayload(operation, openReply(text))
  } catch (error) {
    if (error instanceof ClientError) throw error
    throw new ServerError('The server sent something that is no frame.', { cause: error })
  }
}
