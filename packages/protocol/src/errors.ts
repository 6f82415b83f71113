/**
 * Every refusal that the server knows. A code is for programs, the sentence for people. Statuses and the beginnings
 * `Access denied`, `already exists` and `No process available` are what published clients look at, so they stay.
 */
export const errors = {
  bad_request: { status: 400, says: 'The request does not have the shape of this operation', retry: false },
  already_exists: { status: 400, says: 'It already exists', retry: false },
  bad_signature: { status: 403, says: 'The signature cannot be read', retry: false },
  unknown_operation: { status: 403, says: 'invalid rpcMsg.PayloadType', retry: false },
  not_allowed: { status: 403, says: 'Access denied', retry: false },
  lease_lost: { status: 403, says: 'The process is not yours any more', retry: false },
  not_running: { status: 403, says: 'The process is not running', retry: false },
  wrong_state: { status: 400, says: 'The state of the process does not allow this', retry: false },
  not_found: { status: 404, says: 'There is no such thing in this colony', retry: false },
  none_available: { status: 404, says: 'No process available for assignment', retry: true },
  conflict: { status: 409, says: 'It has changed meanwhile, is in use, or its name is taken', retry: false },
  assignments_paused: { status: 408, says: 'Assignment timeout: colony assignments are paused', retry: true },
  assignments_paused_now: { status: 503, says: 'No processes available: colony assignments are paused', retry: true },
  too_large: { status: 413, says: 'The request is larger than this server accepts', retry: false },
  too_many: { status: 429, says: 'Too much is waiting for this already', retry: true },
  channel_full: { status: 429, says: 'The channel is full', retry: false },
  internal: { status: 500, says: 'The server failed; its log tells more', retry: true },
  unavailable: { status: 503, says: 'The server cannot take this request now', retry: true },
} as const

export type ErrorCode = keyof typeof errors

/** An expected refusal: what was asked cannot be done, and the sentence says why and what helps. */
export class ColoniesError extends Error {
  readonly code: ErrorCode
  readonly status: number

  /** @param detail a sentence that names the field or thing and the way out; the general sentence when left out */
  constructor(code: ErrorCode, detail?: string, options?: { cause?: unknown }) {
    super(detail ?? errors[code].says, options)
    this.name = 'ColoniesError'
    this.code = code
    this.status = errors[code].status
  }
}
