import { byName, operation } from './operation.js'
import { Float, ListOrNull, optional, Shape, Text } from './schema.js'

/** A named place that executors belong to and function specs may ask for. */
export const Location = Shape({
  /** Made by the server. */
  locationid: optional(Text),
  /** Name of the location, unique in its colony. */
  name: Text,
  colonyname: Text,
  description: optional(Text),
  /** Degrees. */
  long: optional(Float),
  lat: optional(Float),
})

const named = { colonyname: Text, name: Text }

export const addLocation = operation({
  payloadtype: 'addlocationmsg',
  summary: 'Add a location to a colony.',
  caller: 'colony-owner',
  colony: ({ location }) => byName(location.colonyname),
  input: { location: Location },
  output: Location,
  errors: ['bad_request', 'already_exists'],
})

export const getLocations = operation({
  payloadtype: 'getlocationsmsg',
  summary: 'List the locations of a colony by name.',
  caller: 'any-member',
  colony: ({ colonyname }) => byName(colonyname),
  input: {
    colonyname: Text,
    /** Ours: the name of the last location of the page before. */
    after: optional(Text),
  },
  output: ListOrNull(Location),
  repeatable: true,
})

export const getLocation = operation({
  payloadtype: 'getlocationmsg',
  summary: 'Read one location.',
  caller: 'any-member',
  colony: ({ colonyname }) => byName(colonyname),
  input: named,
  output: Location,
  errors: ['not_found'],
  repeatable: true,
})

export const removeLocation = operation({
  payloadtype: 'removelocationmsg',
  summary: 'Remove a location; executors keep its name.',
  caller: 'colony-owner',
  colony: ({ colonyname }) => byName(colonyname),
  input: named,
  output: Shape({}),
  errors: ['not_found'],
})
