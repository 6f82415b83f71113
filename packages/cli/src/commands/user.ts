import type { Output } from '@colonies/client'
import { flag, needed, noun, text, verb } from '../command.js'
import { confirm } from '../confirm.js'
import type { Column } from '../table.js'
import { created, done, item, list } from '../view.js'
import { allUsers } from '../whole-lists.js'

type User = Output<'getUser'>

const columns: readonly Column<User>[] = [
  { header: 'NAME', of: ({ name }) => name },
  { header: 'EMAIL', of: ({ email }) => email },
  { header: 'PHONE', of: ({ phone }) => phone },
  { header: 'ID', of: ({ userid }) => userid },
]
const name = needed('name of the user')

export const userCommands = noun('user', 'People and programs that submit and read.', [
  verb({
    name: 'add',
    summary: 'Add a user to the colony, as its owner.',
    positional: ['name', 'userid'],
    options: {
      name,
      userid: needed('id of its key, as `colonies key generate` prints it'),
      email: text('email address'),
      phone: text('telephone number'),
    },
    async run(values, { colonyOwner, colonyname }) {
      const user = await colonyOwner.addUser({ user: { colonyname, ...values } })
      return created(`User ${user.name} was added to colony ${colonyname}.`, user.userid, user)
    },
  }),
  verb({
    name: 'ls',
    summary: 'List the users of the colony.',
    async run(_, session) {
      return list(await allUsers(session), columns, { id: ({ userid }) => userid, none: 'No users.' })
    },
  }),
  verb({
    name: 'get',
    summary: 'Show one user.',
    positional: ['name'],
    options: { name },
    async run({ name }, { member, colonyname }) {
      const user = await member.getUser({ colonyname, name })
      return item(user, user.userid, columns)
    },
  }),
  verb({
    name: 'remove',
    summary: 'Remove a user, as the colony owner; what it submitted stays.',
    positional: ['name'],
    options: { name, yes: flag('do not ask', { short: 'y' }) },
    async run({ name, yes }, session) {
      const { colonyOwner, colonyname } = session
      await confirm(`User ${name} will be removed from colony ${colonyname}.`, yes, session)
      await colonyOwner.removeUser({ colonyname, name })
      return done(`User ${name} was removed.`, { name })
    },
  }),
  verb({
    name: 'chid',
    summary: 'Give yourself a new key, while you still hold the old one.',
    positional: ['userid'],
    options: { userid: needed('id of the new key') },
    async run({ userid }, { member, colonyname }) {
      await member.changeUserId({ colonyname, userid })
      return done('From now on the new key counts.', { userid })
    },
  }),
])
