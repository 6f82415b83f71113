import type { Signer } from '@colonies/identity'
import { encodeBase64, writeRequest } from '@colonies/protocol'
import { type Clock, timerMsMax, withDeadline } from './clock.js'
import { codecOf } from './codec.js'
import type { Endpoint, Endpoints } from './endpoints.js'
import { type ClientError, ConnectionError, InvalidError, ServerError, TimeoutError } from './errors.js'
import { type Fetch, post } from './post.js'
import { isRepeatable, withRepeatKeys } from './repeat-keys.js'
import type { OpenSocket } from './socket.js'
import type { WireOperation } from './wire-operation.js'

export interface CallOptions {
  /** Ends the call with AbortedError. */
  signal?: AbortSignal | undefined
  /** How long one try may take, in milliseconds; for operations that hold the request, beyond the time asked for. */
  timeoutMs?: number | undefined
}

export interface RetryPolicy {
  /** How long after its first failure a call is tried again, in milliseconds; 0: never. */
  forMs: number
  /** The same while no server lets itself be connected to; `forMs` when left out. */
  unreachableForMs?: number | undefined
  /** The n-th pause is random between 0 and `baseMs` * 2^n, at most `maxMs`. */
  baseMs: number
  maxMs: number
}

/** What all identities of a client share. */
export interface Connection {
  readonly endpoints: Endpoints
  readonly fetch: Fetch
  /** Undefined where there are no WebSockets. */
  readonly openSocket: OpenSocket | undefined
  readonly timeoutMs: number
  readonly retry: RetryPolicy
  readonly clock: Clock
  /** How many sockets are held open by those who wait for the end of a process. */
  readonly waitingSockets: { open: number }
}

/** Whoever calls; the signer is undefined for those who only ask what everybody may. */
export interface Caller {
  readonly connection: Connection
  readonly signer: Signer | undefined
}

/**
 * Makes one call, as often as it takes: a request that may be repeated is sent again, to the next endpoint at once, and
 * after a pause once all have failed.
 *
 * @throws ClientError
 */
export async function call(
  { connection, signer }: Caller,
  operation: WireOperation,
  input: object,
  options: CallOptions = {},
): Promise<unknown> {
  const body = writeEnvelope(signer, operation, withRepeatKeys(operation, { ...input }))
  const holdMs = Math.max(0, Number('timeout' in input ? input.timeout : 0)) * 1_000
  const timeoutMs = holdMs + (options.timeoutMs ?? connection.timeoutMs)
  const payload = await sendUntilAnswered(connection, { body, holdMs, timeoutMs, operation, signal: options.signal })
  return readPayload(operation, payload)
}

/** @throws InvalidError when the input cannot be written, or nobody signs what has to be signed */
export function writeEnvelope(signer: Signer | undefined, operation: WireOperation, input: object): string {
  const { payloadtype, caller } = operation
  if (!signer && caller !== 'anyone') throw new InvalidError(`${payloadtype} has to be signed: give a privateKey.`)
  const payload = encodeBase64(encode(operation, input))
  return writeRequest(payloadtype, payload, signer?.sign(payload) ?? '')
}

function encode(operation: WireOperation, input: object): string {
  try {
    return codecOf(operation).encode(input)
  } catch (error) {
    throw new InvalidError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

/** @throws ServerError when the server answers with something else than the operation does */
export function readPayload(operation: WireOperation, payload: string): unknown {
  try {
    return codecOf(operation).decode(payload)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new ServerError(`The reply to ${operation.payloadtype} cannot be read: ${why}`, { cause: error })
  }
}

interface Sending {
  body: string
  /** How long the server was asked to wait, which is a part of `timeoutMs`. */
  holdMs: number
  timeoutMs: number
  operation: WireOperation
  signal: AbortSignal | undefined
}

async function sendUntilAnswered(connection: Connection, sending: Sending): Promise<string> {
  const { endpoints, clock, retry } = connection
  const failed = new Set<Endpoint>()
  let firstFailedAtMs: number | undefined
  let unreachable = true
  for (let pauses = 0; ; ) {
    const endpoint = endpoints.pick(clock.now())
    try {
      const payload = await sendOnce(connection, endpoint, sending)
      endpoints.worked(endpoint)
      return payload
    } catch (error) {
      if (!isTransient(error)) throw error
      endpoints.failed(endpoint, clock.now(), error.retryAfterMs)
      if (!mayRepeat(sending.operation, error)) throw error
      failed.add(endpoint)
      firstFailedAtMs ??= clock.now()
      // Of several endpoints one may be gone for good while another asks for patience.
      unreachable &&= neverLeft(error)
      const forMs = (unreachable ? retry.unreachableForMs : undefined) ?? retry.forMs
      const next = endpoints.pick(clock.now())
      // Others are tried at once; only when all have failed is it time to wait.
      const allFailed = failed.has(next)
      const pauseMs = allFailed ? Math.max(next.closedUntilMs - clock.now(), jitteredMs(retry, pauses++, clock)) : 0
      if (forMs === 0 || clock.now() + pauseMs > firstFailedAtMs + forMs) throw error
      if (allFailed) failed.clear()
      await clock.pause(pauseMs, sending.signal)
    }
  }
}

/** Answers that take longer, beyond the time asked for, may never come. */
const quietAfterMs = 5_000

async function sendOnce(connection: Connection, endpoint: Endpoint, sending: Sending): Promise<string> {
  const { body, holdMs, timeoutMs, signal } = sending
  const onTime = () => new TimeoutError(`${endpoint.api} did not answer within ${timeoutMs} ms.`)
  const left = leaveWhenQuiet(connection, endpoint, { quietMs: holdMs + quietAfterMs, timeoutMs })
  try {
    return await withDeadline({ ms: timeoutMs, signal, onTime }, (stop) =>
      post(connection.fetch, endpoint.api, body, stop),
    )
  } finally {
    clearTimeout(left)
  }
}

/**
 * A request that gets no answer for a while is not given up: sent again elsewhere, it would double the work of servers that
 * are only slow. But new requests need not join it.
 */
function leaveWhenQuiet(
  { endpoints, clock }: Connection,
  endpoint: Endpoint,
  { quietMs, timeoutMs }: { quietMs: number; timeoutMs: number },
) {
  if (quietMs >= Math.min(timeoutMs, timerMsMax)) return undefined
  return setTimeout(() => endpoints.quiet(endpoint, clock.now() + timeoutMs - quietMs), quietMs)
}

/** Whether another try, or another endpoint, may fare better. A refusal is the same everywhere. */
export function isTransient(error: unknown): error is ClientError {
  if (error instanceof ConnectionError) return true
  if (error instanceof TimeoutError) return error.status === 0
  // A paused colony is an answer. So is `internal`: the same request would most likely hit the same bug.
  return (
    error instanceof ServerError && error.status !== 500 && error.retryable && error.code !== 'assignments_paused_now'
  )
}

/** Whether a second request can do no harm: it is repeatable, or the first had no effect. */
function mayRepeat(operation: WireOperation, error: ClientError): boolean {
  const hadNoEffect = error.status === 429 || neverLeft(error)
  return hadNoEffect || isRepeatable(operation)
}

function neverLeft(error: ClientError): boolean {
  return error instanceof ConnectionError && error.neverSent
}

/** Full jitter: clients that failed together do not come back together. */
export function jitteredMs(
  { baseMs, maxMs }: Pick<RetryPolicy, 'baseMs' | 'maxMs'>,
  pauses: number,
  clock: Clock,
): number {
  return clock.random() * Math.min(maxMs, baseMs * 2 ** pauses)
}
