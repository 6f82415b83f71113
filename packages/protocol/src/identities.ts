import { byName, operation } from './operation.js'
import { Id, Shape, Text } from './schema.js'

/** Key rotation: the caller, who still holds the old key, names the id of the new one. */

const echoed = { msgtype: Text }

export const changeUserId = operation({
  payloadtype: 'changeuseridmsg',
  summary: 'A user takes a new identity.',
  caller: 'any-member',
  colony: ({ colonyname }) => byName(colonyname),
  input: {
    colonyname: Text,
    /** Id of the new key. */
    userid: Id,
  },
  output: Shape({ colonyname: Text, userid: Id, ...echoed }),
  errors: ['bad_request', 'not_allowed', 'already_exists'],
})

export const changeExecutorId = operation({
  payloadtype: 'changeexecutoridmsg',
  summary: 'An executor takes a new identity; what it holds stays its own.',
  caller: 'any-member',
  colony: ({ colonyname }) => byName(colonyname),
  input: {
    colonyname: Text,
    /** Id of the new key. */
    executorid: Id,
  },
  output: Shape({ colonyname: Text, executorid: Id, ...echoed }),
  errors: ['bad_request', 'not_allowed', 'already_exists'],
})

export const changeColonyId = operation({
  payloadtype: 'changecolonyidmsg',
  summary: 'A colony owner takes a new identity.',
  caller: 'colony-owner',
  colony: ({ colonyname }) => byName(colonyname),
  input: {
    colonyname: Text,
    /** Id of the new key. */
    colonyid: Id,
  },
  output: Shape({ colonyname: Text, colonyid: Id, ...echoed }),
  errors: ['bad_request', 'not_allowed'],
})

export const changeServerId = operation({
  payloadtype: 'changeserveridmsg',
  summary: 'The server owner takes a new identity.',
  caller: 'server-owner',
  input: {
    /** Id of the new key. */
    serverid: Id,
  },
  output: Shape({ serverid: Id, ...echoed }),
  errors: ['bad_request', 'not_allowed'],
})
