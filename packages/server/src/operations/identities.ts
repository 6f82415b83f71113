import { checkId } from '@colonies/core'
import { type IdChange, setColonyOwner, setExecutorId, setServerOwner, setUserId } from '@colonies/database'
import { ColoniesError } from '@colonies/protocol'
import type { Handlers } from '../handler.js'

export const identityHandlers = {
  async changeUserId({ colonyname, userid }, { db, caller, colony, replica }) {
    checkId(userid, 'userid')
    checkChanged(await setUserId(db, colony.key, caller.id, userid), `a user of Colony with name <${colonyname}>`)
    replica.directoryChanged()
    return { colonyname, userid, msgtype: 'changeuseridmsg' }
  },

  async changeExecutorId({ colonyname, executorid }, { db, caller, colony, replica }) {
    checkId(executorid, 'executorid')
    checkChanged(
      await setExecutorId(db, colony.key, caller.id, executorid),
      `an executor of Colony with name <${colonyname}>`,
    )
    replica.directoryChanged()
    return { colonyname, executorid, msgtype: 'changeexecutoridmsg' }
  },

  async changeColonyId({ colonyname, colonyid }, { db, caller, colony, replica }) {
    checkId(colonyid, 'colonyid')
    checkChanged(await setColonyOwner(db, colony.key, caller.id, colonyid), 'colony owner')
    replica.directoryChanged()
    return { colonyname, colonyid, msgtype: 'changecolonyidmsg' }
  },

  async changeServerId({ serverid }, { db, caller, replica }) {
    checkId(serverid, 'serverid')
    checkChanged(await setServerOwner(db, caller.id, serverid), 'server owner')
    replica.directoryChanged()
    return { serverid, msgtype: 'changeserveridmsg' }
  },
} satisfies Partial<Handlers>

/** Access was settled a moment ago: of two changes at the same time, the second must not hear that its new id counts. */
function checkChanged(change: IdChange, role: string): void {
  if (change === 'not_held') throw new ColoniesError('not_allowed', `Access denied, not ${role}`)
  if (change === 'taken')
    throw new ColoniesError('already_exists', 'Somebody with this Id already exists in this Colony; make a new key')
}
