import { checkId } from '@colonies/core'
import { isUniqueViolation, setColonyOwner, setExecutorId, setServerOwner, setUserId } from '@colonies/database'
import { ColoniesError } from '@colonies/protocol'
import type { Handlers } from '../handler.js'

export const identityHandlers = {
  async changeUserId({ colonyname, userid }, { db, caller, colony, replica }) {
    checkId(userid, 'userid')
    if (caller.kind !== 'user') throw new ColoniesError('not_allowed', 'Access denied, only a user can change its Id so')
    await unlessTaken(userid, () => setUserId(db, colony.key, caller.id, userid))
    replica.directoryChanged()
    return { colonyname, userid, msgtype: 'changeuseridmsg' }
  },

  async changeExecutorId({ colonyname, executorid }, { db, caller, colony, replica }) {
    checkId(executorid, 'executorid')
    if (caller.kind !== 'executor')
      throw new ColoniesError('not_allowed', 'Access denied, only an executor can change its Id so')
    await unlessTaken(executorid, () => setExecutorId(db, colony.key, caller.id, executorid))
    replica.directoryChanged()
    return { colonyname, executorid, msgtype: 'changeexecutoridmsg' }
  },

  async changeColonyId({ colonyname, colonyid }, { db, colony, replica }) {
    checkId(colonyid, 'colonyid')
    await setColonyOwner(db, colony.key, colonyid)
    replica.directoryChanged()
    return { colonyname, colonyid, msgtype: 'changecolonyidmsg' }
  },

  async changeServerId({ serverid }, { db, replica }) {
    checkId(serverid, 'serverid')
    await setServerOwner(db, serverid)
    replica.directoryChanged()
    return { serverid, msgtype: 'changeserveridmsg' }
  },
} satisfies Partial<Handlers>

async function unlessTaken(id: string, change: () => Promise<unknown>): Promise<void> {
  try {
    await change()
  } catch (error) {
    if (isUniqueViolation(error))
      throw new ColoniesError('already_exists', `A member with Id <${id}> already exists in this colony`, { cause: error })
    throw error
  }
}
