import { UsageError } from './exit-codes.js'
import type { Session } from './session.js'

/**
 * Asks before something is removed for good.
 *
 * @param yes the answer was given with the command
 * @throws UsageError when the answer is no, or nobody can be asked
 */
export async function confirm(what: string, yes: boolean, { io }: Session): Promise<void> {
  if (yes) return
  const answer = await io.ask(`${what} This cannot be undone. Type YES to go on: `)
  if (answer === undefined) throw new UsageError(`${what} This cannot be undone: give --yes to say that it is meant.`)
  if (!/^y(es)?$/i.test(answer.trim())) throw new UsageError('Nothing was done.')
}
