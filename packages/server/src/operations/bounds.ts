import { ColoniesError, limits } from '@colonies/protocol'

/** @throws ColoniesError `bad_request` */
export function checkBytes(text: string, { max, field }: { max: number; field: string }): void {
  if (Buffer.byteLength(text) > max) throw new ColoniesError('bad_request', `${field} must have at most ${max} bytes`)
}

/**
 * A page of blueprints or their definitions.
 *
 * @param count 0: as many as one page has
 */
export function pageOf(after: string, count: number) {
  const { directoryCountMax, blueprintPageBytesMax } = limits
  if (count < 0) throw new ColoniesError('bad_request', `count must not be negative, got ${count}`)
  return { after, count: Math.min(count || directoryCountMax, directoryCountMax), bytesMax: blueprintPageBytesMax }
}
