import { DatabaseError } from 'pg'

/** A connection reached a server that only follows another one: after a failover, an address may lead to one for a while. */
export class StandbyError extends Error {
  override name = 'StandbyError'

  constructor() {
    super('This PostgreSQL is a standby, which takes no writes')
  }
}

/** A commit is on the primary, and nobody knows whether a standby has it: as if its answer had been lost. */
export class UnreplicatedError extends Error {
  override name = 'UnreplicatedError'

  constructor() {
    super('The wait of a commit for its standby was cancelled')
  }
}

/** PostgreSQL has not answered a statement for longer than it may take there: nobody knows whether it ran. */
export class NoAnswerError extends Error {
  override name = 'NoAnswerError'

  constructor(limitMs: number) {
    super(`PostgreSQL has not answered for ${limitMs / 1000} s`)
  }
}

/** A transaction of many statements took longer than others may count on, and was undone. */
export class LateError extends Error {
  override name = 'LateError'

  constructor(withinMs: number) {
    super(`This took longer than ${withinMs / 1000} s and was undone; nothing was stored`)
  }
}

/** SQLSTATEs after which the same work, sent again to a new connection, may well succeed. */
const LOST = new Set([
  '57P01', // the server shuts down, or somebody ended this session
  '57P02', // another session crashed, all are ended
  '57P03', // the server starts up or shuts down
  '57P05', // this session was idle for too long
  '25P03', // this session was idle in a transaction for too long
  '53300', // too many connections
  '25006', // read only: we talk to a standby, or to a primary that just became one
])

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
])

// The driver throws these without a code; the text is all there is.
const LATE_FOR_THE_DRIVER = ['timeout expired', 'timeout exceeded when trying to connect', 'Query read timeout']
const SAID_BY_THE_DRIVER = [
  ...LATE_FOR_THE_DRIVER,
  'Connection terminated',
  'Client has encountered a connection error',
  'Client was closed',
  'Cannot use a pool after calling end',
]

/** True when the database could not be reached, or the connection broke; the statement may or may not have run. */
export function isConnectionFailure(error: unknown): boolean {
  return some(error, (one) => {
    if (one instanceof StandbyError || one instanceof UnreplicatedError || one instanceof NoAnswerError) return true
    if (one instanceof DatabaseError) return LOST.has(one.code ?? '') || one.code?.startsWith('08') === true
    if (UNREACHABLE.has(String(codeOf(one))) || isAbsentSocket(one)) return true
    return SAID_BY_THE_DRIVER.some((text) => one.message.startsWith(text))
  })
}

/** True when a limit of time was over, of PostgreSQL or ours: for a statement, for a lock, for a connection. */
export function isTimeout(error: unknown): boolean {
  if (isLockTimeout(error)) return true
  return some(error, (one) => {
    if (one instanceof LateError || one instanceof NoAnswerError) return true
    if (one instanceof DatabaseError) return one.code === '57014'
    return LATE_FOR_THE_DRIVER.some((text) => one.message.startsWith(text))
  })
}

/** True when PostgreSQL undid the transaction because of others that ran beside it: it is safe and useful to repeat. */
export function isRetryable(error: unknown): boolean {
  return some(error, (one) => one instanceof DatabaseError && (one.code === '40001' || one.code === '40P01'))
}

/**
 * True when this connection's prepared statement is not usable: a migration changed its columns, or somebody between us and
 * PostgreSQL hands us another connection each time. Nothing ran; a new connection prepares it again.
 */
export function isStaleStatement(error: unknown): boolean {
  return some(error, (one) => {
    if (!(one instanceof DatabaseError)) return false
    return isPooledElsewhere(one) || (one.code === '0A000' && one.routine === 'RevalidateCachedQuery')
  })
}

/**
 * True when a prepared statement is missing (26000) or there already (42P05) against what this connection has prepared: that
 * happens only behind a pool of connections that keeps no account of prepared statements, as PgBouncer before 1.21 does not.
 */
export function isPooledElsewhere(error: unknown): boolean {
  return some(error, (one) => one instanceof DatabaseError && (one.code === '26000' || one.code === '42P05'))
}

/** True when PostgreSQL had no time, memory or disk for a statement (SQLSTATE classes 53, 57, 58), whatever is in it. */
export function isOutOfResources(error: unknown): boolean {
  return some(error, (one) => one instanceof DatabaseError && /^5[378]/.test(one.code ?? ''))
}

/** True when the same work may well succeed later: nothing is wrong with it, PostgreSQL could not do it at that moment. */
export function isMomentary(error: unknown): boolean {
  return isConnectionFailure(error) || isOutOfResources(error) || isRetryable(error)
}

/** What Citus puts behind the names of indexes: those of a shard have its number. */
const OF_SHARD = /_\d{6,}$/

/** @param constraint name of the constraint or unique index; any when left out */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return some(error, (one) => {
    if (!(one instanceof DatabaseError) || one.code !== '23505') return false
    return constraint === undefined || one.constraint?.replace(OF_SHARD, '') === constraint
  })
}

/** True when somebody held what had to be locked for longer than was asked for. */
export function isLockTimeout(error: unknown): boolean {
  return some(error, (one) => one instanceof DatabaseError && one.code === '55P03')
}

/** True when PostgreSQL answered with an error and the connection is as good as before. */
export function isRefusal(error: unknown): boolean {
  return error instanceof DatabaseError && !isConnectionFailure(error) && !isStaleStatement(error)
}

/** Whether `test` holds for the error or one that caused it. */
function some(error: unknown, test: (one: Error) => boolean): boolean {
  // A chain of causes is short; the bound is against one that bites its tail.
  for (let depth = 0; error instanceof Error && depth < 8; depth++) {
    if (test(error)) return true
    error = error.cause
  }
  return false
}

/** The socket file of a server that is not there; of any other file that is absent, the same code says nothing of the database. */
function isAbsentSocket(error: Error): boolean {
  return codeOf(error) === 'ENOENT' && 'syscall' in error && error.syscall === 'connect'
}

function codeOf(error: Error): unknown {
  return 'code' in error ? error.code : undefined
}
