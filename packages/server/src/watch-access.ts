import { ColoniesError } from '@colonies/protocol'

const LOOK_MS = 10_000

/**
 * Looks from time to time whether a subscriber still may have what it gets: a subscription lives for up to a day, and whoever
 * has it may be removed meanwhile. While that cannot be found out, nothing changes.
 *
 * @param check throws ColoniesError `not_allowed` when it may not any more
 * @param refused called once then
 * @returns ends the looking
 */
export function watchAccess(check: () => Promise<unknown>, refused: (refusal: ColoniesError) => void): () => void {
  const timer = setInterval(() => {
    check().catch((error: unknown) => {
      if (!(error instanceof ColoniesError) || error.code !== 'not_allowed' || stopped) return
      stop()
      refused(error)
    })
  }, LOOK_MS).unref()
  let stopped = false
  const stop = () => {
    stopped = true
    clearInterval(timer)
  }
  return stop
}
