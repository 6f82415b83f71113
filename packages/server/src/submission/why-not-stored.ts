import { type ColonyKey, type Db, isColony } from '@colonies/database'
import { ColoniesError } from '@colonies/protocol'

/** The refusal of what was checked well and not stored: its colony was removed meanwhile, or the same request is under way. */
export async function whyNotStored(db: Db, colony: ColonyKey): Promise<ColoniesError> {
  return (await isColony(db, colony))
    ? new ColoniesError('unavailable', 'The same request is just being stored; ask again in a moment')
    : new ColoniesError('not_found', 'The colony was removed')
}
