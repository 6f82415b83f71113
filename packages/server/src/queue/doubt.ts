import { isRefusal } from '@colonies/database'
import { ColoniesError } from '@colonies/protocol'

/** So long after its connection broke, a statement may still begin to commit: what PostgreSQL gives one, and some more. */
const COMMITS_MS_MAX = 35_000

/**
 * Whether something may have been taken for a waiter that nobody heard of. A look at the queue with the waiter's ids finds it, once
 * it is committed: that may be long after the connection broke. So there are several looks, each after twice the time of
 * the one before. Times are in milliseconds of one clock.
 */
export class Doubt {
  #sinceMs: number | undefined
  #lookAtMs = 0

  /** @param isNew of who may have asked before, nothing is known until the first look */
  constructor({ isNew }: { isNew: boolean }) {
    this.#sinceMs = isNew ? undefined : Number.NEGATIVE_INFINITY
  }

  get exists(): boolean {
    return this.#sinceMs !== undefined
  }

  /** Whether it is time to look. */
  isDue(nowMs: number): boolean {
    return this.exists && nowMs >= this.#lookAtMs
  }

  /** A statement that takes processes for the waiter failed. What PostgreSQL refuses it has undone. */
  failed(error: unknown, nowMs: number): void {
    if (isRefusal(error)) return
    this.#sinceMs = nowMs
    this.#lookAtMs = nowMs
  }

  /** A look that began then found nothing. */
  lookedAt(nowMs: number): void {
    if (this.#sinceMs === undefined) return
    const overMs = this.#sinceMs + COMMITS_MS_MAX
    this.#lookAtMs = Math.min(nowMs + (nowMs - this.#sinceMs), overMs)
    if (nowMs >= overMs) this.#sinceMs = undefined
  }
}

/** What a waiter is told that leaves in doubt. */
export function unknownYet(): ColoniesError {
  const what = 'It is not known yet whether a process was assigned; ask again with the same assignid'
  return new ColoniesError('unavailable', what)
}
