import type { JsonValue } from '@colonies/protocol'
import { UsageError } from './exit-codes.js'

/**
 * What a file leaves open goes to the colony of the command. A file that names another is not meant for it.
 *
 * @param named in the file
 * @param where such as `process.json`
 * @throws UsageError
 */
export function refuseOtherColony(named: JsonValue | undefined, colonyname: string, where: string): void {
  if (typeof named !== 'string' || named === '' || named === colonyname) return
  throw new UsageError(
    `${where} is for the colony ${named}, and this command goes to ${colonyname}: ` +
      `add --colony ${named}, or leave colonyname out of the file.`,
  )
}
