import { checkId, checkLabel, checkName } from '@colonies/core'
import { deleteUser, findUser, findUserById, insertUser, listUsers, type UserRow } from '@colonies/database'
import { ColoniesError, limits } from '@colonies/protocol'
import type { Call, Colony, Handlers } from '../handler.js'

export const userHandlers = {
  async addUser({ user }, call) {
    const { db, colony, replica } = call
    checkName(user.name, 'user.name')
    checkId(user.userid, 'user.userid')
    checkLabel(user.email, 'user.email')
    checkLabel(user.phone, 'user.phone')
    const { name, email, phone } = user
    const row = await insertUser(db, colony.key, { name, user_id: user.userid, email, phone })
    if (!row) throw await taken(call, name, user.userid)
    replica.directoryChanged()
    return userOf(row, colony)
  },

  async getUsers({ after }, { db, colony }) {
    const rows = await listUsers(db, colony.key, { after, count: limits.directoryCountMax })
    return rows.map((row) => userOf(row, colony))
  },

  async getUser({ name }, { db, colony }) {
    const row = await findUser(db, colony.key, name)
    if (!row) throw new ColoniesError('not_found', `User with name <${name}> not found`)
    return userOf(row, colony)
  },

  async getUserById({ userid }, { db, colony }) {
    const row = await findUserById(db, colony.key, userid)
    if (!row) throw new ColoniesError('not_found', `User with Id <${userid}> not found`)
    return userOf(row, colony)
  },

  async removeUser({ name }, { db, colony, replica }) {
    if ((await deleteUser(db, colony.key, name)) === 0)
      throw new ColoniesError('not_found', `User with name <${name}> not found`)
    replica.directoryChanged()
    return {}
  },
} satisfies Partial<Handlers>

async function taken({ db, colony }: Call, name: string, userid: string): Promise<ColoniesError> {
  const what = (await findUser(db, colony.key, name)) ? `name <${name}>` : `Id <${userid}>`
  return new ColoniesError('already_exists', `A user with ${what} already exists in Colony with name <${colony.name}>`)
}

function userOf(row: UserRow, colony: Colony) {
  return { colonyname: colony.name, userid: row.user_id, name: row.name, email: row.email, phone: row.phone }
}
