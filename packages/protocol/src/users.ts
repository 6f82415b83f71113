import { byName, operation } from './operation.js'
import { Id, ListOrNull, optional, Shape, Text } from './schema.js'

/** A person (or program) that submits and reads, and is never assigned anything. */
export const User = Shape({
  colonyname: Text,
  /** Id of the key. */
  userid: Id,
  /** Name of the user, unique in its colony. */
  name: Text,
  email: optional(Text),
  phone: optional(Text),
})

export const addUser = operation({
  payloadtype: 'addusermsg',
  summary: 'Add a user to a colony.',
  caller: 'colony-owner',
  colony: ({ user }) => byName(user.colonyname),
  input: { user: User },
  output: User,
  errors: ['bad_request', 'already_exists'],
})

export const getUsers = operation({
  payloadtype: 'getusersmsg',
  summary: 'List the users of a colony by name.',
  caller: 'any-member',
  colony: ({ colonyname }) => byName(colonyname),
  input: {
    colonyname: Text,
    /** Ours: the name of the last user of the page before. */
    after: optional(Text),
  },
  output: ListOrNull(User),
  repeatable: true,
})

export const getUser = operation({
  payloadtype: 'getusermsg',
  summary: 'Read one user.',
  caller: 'any-member',
  colony: ({ colonyname }) => byName(colonyname),
  input: { colonyname: Text, name: Text },
  output: User,
  errors: ['not_found'],
  repeatable: true,
})

export const getUserById = operation({
  payloadtype: 'getuserbyidmsg',
  summary: 'Read the user with an id.',
  caller: 'any-member',
  colony: ({ colonyname }) => byName(colonyname),
  input: { colonyname: Text, userid: Id },
  output: User,
  errors: ['not_found'],
  repeatable: true,
})

export const removeUser = operation({
  payloadtype: 'removeusermsg',
  summary: 'Remove a user; what it submitted stays.',
  caller: 'colony-owner',
  colony: ({ colonyname }) => byName(colonyname),
  input: { colonyname: Text, name: Text },
  output: Shape({}),
  errors: ['not_found'],
})
