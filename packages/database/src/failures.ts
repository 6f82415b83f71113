import { DatabaseError } from 'pg'
import { isConnectionFailure, isRetryable, isStaleStatement, isTimeout, isUniqueViolation } from './errors.js'

/** Why PostgreSQL, or the way to it, did not do what it was asked to. */
const failureKinds = ['connection', 'serialization', 'disk_full', 'timeout', 'other'] as const
export type FailureKind = (typeof failureKinds)[number]

/** How often each happened since the start, those after which we tried again included. */
export type FailureCounts = Readonly<Record<FailureKind, number>>

/** @returns undefined for what is an answer (this name is taken), or is mended at once by a new connection */
export function failureKindOf(error: unknown): FailureKind | undefined {
  if (isUniqueViolation(error) || isStaleStatement(error)) return undefined
  if (isTimeout(error)) return 'timeout'
  if (isConnectionFailure(error)) return 'connection'
  if (isRetryable(error)) return 'serialization'
  return error instanceof DatabaseError && error.code === '53100' ? 'disk_full' : 'other'
}

/** Counts what went wrong with one database. */
export class FailureCounter {
  readonly #counts = new Map<FailureKind, number>()

  count(error: unknown): void {
    const kind = failureKindOf(error)
    if (kind) this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1)
  }

  /** All kinds, whether they happened or not: an alert needs a number that can grow. */
  get counts(): FailureCounts {
    const entries = failureKinds.map((kind) => [kind, this.#counts.get(kind) ?? 0])
    return Object.fromEntries(entries) as FailureCounts
  }
}
