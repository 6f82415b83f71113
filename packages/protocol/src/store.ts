import { byName, operation } from './operation.js'
import { Flag, Int64, Shape, Text } from './schema.js'

/** Where the caller may keep the bytes of files, and with which keys. */
export const Store = Shape({
  /** Empty: the address to which this was asked. */
  endpoint: Text,
  /** Of that endpoint, where it is not empty. */
  tls: Flag,
  /** What to sign for; the store itself has no regions. */
  region: Text,
  /** A bucket that is there. */
  bucket: Text,
  /** Of the caller alone, in this colony; worthless as soon as the caller is no member any more. */
  accesskey: Text,
  secretkey: Text,
  /** Bytes that the colony keeps, unfinished uploads included. */
  usedbytes: Int64,
  quotabytes: Int64,
})

export const getStore = operation({
  payloadtype: 'getstoremsg',
  summary: "Tell where to keep the bytes of files: the server's own object store, which speaks S3.",
  caller: 'member',
  colony: ({ colonyname }) => byName(colonyname),
  input: { colonyname: Text },
  output: Store,
  errors: ['not_found'],
  repeatable: true,
})
