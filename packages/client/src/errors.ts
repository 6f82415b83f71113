import { type ErrorCode, errors } from '@colonies/protocol'

export interface ClientErrorDetails {
  status?: number
  code?: ErrorCode | undefined
  retryable?: boolean
  retryAfterMs?: number | undefined
  cause?: unknown
}

/** Everything that a call can fail with. */
export class ClientError extends Error {
  override name = 'ClientError'
  /** HTTP status of the refusal; 0 when no server answered. */
  readonly status: number
  /** Why, for programs; undefined when no server answered, or one that tells no codes. */
  readonly code: ErrorCode | undefined
  /** Whether the same call may work later. What the client repeats by itself it has repeated already. */
  readonly retryable: boolean
  /** How long the server asks callers to stay away, in milliseconds. */
  readonly retryAfterMs: number | undefined

  constructor(message: string, { status = 0, code, retryable = false, retryAfterMs, cause }: ClientErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.status = status
    this.code = code
    this.retryable = retryable
    this.retryAfterMs = retryAfterMs
  }
}

/** No answer came: nobody listens there, or the connection broke. Whether the call took effect is not known. */
export class ConnectionError extends ClientError {
  override name = 'ConnectionError'
  /** The request never left this machine, so it had no effect. */
  readonly neverSent: boolean

  constructor(message: string, { neverSent = false, cause }: { neverSent?: boolean; cause?: unknown } = {}) {
    super(message, { retryable: true, cause })
    this.neverSent = neverSent
  }
}

/** No answer came in time. */
export class TimeoutError extends ClientError {
  override name = 'TimeoutError'

  constructor(message: string, details: ClientErrorDetails = {}) {
    super(message, { retryable: true, ...details })
  }
}

/** There is no such thing, or the caller may not know of it. For `assign`: no process came. */
export class NotFoundError extends ClientError {
  override name = 'NotFoundError'
}

/** This identity may not do that. */
export class DeniedError extends ClientError {
  override name = 'DeniedError'
}

/** The request makes no sense as it is. */
export class InvalidError extends ClientError {
  override name = 'InvalidError'
}

/** The request made sense, but the state of things has moved on: a lost lease, an ended process, a taken name. */
export class ConflictError extends ClientError {
  override name = 'ConflictError'
}

/** The server failed, or cannot take requests now. */
export class ServerError extends ClientError {
  override name = 'ServerError'
}

/** The caller's own signal ended the call; its reason is the `cause`. */
export class AbortedError extends ClientError {
  override name = 'AbortedError'
}

const conflicts: readonly ErrorCode[] = ['already_exists', 'wrong_state', 'lease_lost', 'not_running']

/** Turns a refusal into the error of its kind. Servers that tell no code are judged by the status alone. */
export function refusalError(
  message: string,
  { status, code, retryAfterMs }: { status: number; code: string; retryAfterMs: number | undefined },
): ClientError {
  const known = isErrorCode(code) ? code : undefined
  const retryable = known ? errors[known].retry : [408, 429, 502, 503, 504].includes(status)
  const details = { status, code: known, retryable, retryAfterMs }
  if (status === 409 || (known && conflicts.includes(known))) return new ConflictError(message, details)
  if (status === 401 || status === 403) return new DeniedError(message, details)
  if (status === 404) return new NotFoundError(message, details)
  if (status === 408) return new TimeoutError(message, details)
  if (status === 429 || status >= 500) return new ServerError(message, details)
  return new InvalidError(message, details)
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errors, code)
}
