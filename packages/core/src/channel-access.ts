import { ColoniesError, State } from '@colonies/protocol'

/** What decides who may use a channel. */
export interface ChannelStanding {
  /** Of the process, as its attempt. */
  state: number
  attempt: number
  /** Who submitted the process. */
  initiatorId: string
  /** Who holds it, or did when it ended; null while it waits. */
  holder: string | null
  /** Whether the function spec names the channel. */
  declared: boolean
}

export interface ChannelUse {
  callerId: string
  callerIsExecutor: boolean
  /** Not 0: the caller speaks as the holder of this attempt. */
  attempt: number
  to: 'write to' | 'read from' | 'subscribe to'
  /** Whether a process that has ended will do. */
  ended: boolean
}

/**
 * Lets in the submitter and the holder of the process.
 *
 * @throws ColoniesError `not_found`; `not_allowed` for users, and for executors, which may have held the process before,
 *   `not_running` or `lease_lost`
 */
export function checkChannelAccess(standing: ChannelStanding | undefined, use: ChannelUse): void {
  if (!standing) throw new ColoniesError('not_found', 'Process not found')
  if (!standing.declared)
    throw new ColoniesError('not_found', 'Channel not found: the function spec of the process does not name it')
  if (standing.state >= State.success && !use.ended)
    throw new ColoniesError('not_found', 'Channel not found: the process has ended')
  if (!mayUseChannel(standing, use)) throw refusal(standing, use)
}

/** The rule alone, for a channel that is there. */
export function mayUseChannel(
  { initiatorId, holder, attempt }: Pick<ChannelStanding, 'initiatorId' | 'holder' | 'attempt'>,
  use: Pick<ChannelUse, 'callerId' | 'attempt'>,
): boolean {
  if (use.attempt === 0) return use.callerId === initiatorId || use.callerId === holder
  return use.callerId === holder && use.attempt === attempt
}

function refusal({ state, attempt }: ChannelStanding, { callerIsExecutor, to }: ChannelUse): ColoniesError {
  const says = `Not authorized to ${to} channel`
  if (!callerIsExecutor) return new ColoniesError('not_allowed', `${says}: the process was submitted by somebody else`)
  if (state === State.waiting) return new ColoniesError('not_running', `${says}: the process waits for an executor`)
  return new ColoniesError('lease_lost', `${says}: the process is attempt ${attempt} of another executor, or of yours`)
}
