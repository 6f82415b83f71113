import { Statistics } from './colonies.js'
import { operation } from './operation.js'
import { Flag, Int, List, omitEmpty, optional, Shape, Text } from './schema.js'

const Node = Shape({
  name: Text,
  host: Text,
  /** Ports that the original has for its own consensus; 0 here, where the database does that. */
  port: Int,
  peerport: Int,
  relayport: Int,
  apiport: Int,
})

export const getVersion = operation({
  payloadtype: 'versionmsg',
  summary: 'Which version the server is. Needs no signature.',
  caller: 'anyone',
  input: { buildversion: optional(Text), buildtime: optional(Text) },
  output: Shape({ buildversion: Text, buildtime: Text, msgtype: Text }),
  repeatable: true,
})

export const getServerInfo = operation({
  payloadtype: 'getserverinfomsg',
  summary: 'Where and how the server listens. Needs no signature and no payload.',
  caller: 'anyone',
  input: {},
  output: Shape({
    buildversion: Text,
    buildtime: Text,
    backends: List(
      Shape({ type: Text, port: Int, host: omitEmpty(Text), tls: omitEmpty(Flag), insecure: omitEmpty(Flag) }),
    ),
  }),
  repeatable: true,
})

export const getStatistics = operation({
  payloadtype: 'getstatisticsmsg',
  summary: 'Count colonies, executors, processes and workflows of the whole server.',
  caller: 'server-owner',
  input: {},
  output: Statistics,
  repeatable: true,
})

export const getCluster = operation({
  payloadtype: 'getclustermsg',
  summary: 'The replicas that are alive, and which of them leads.',
  caller: 'server-owner',
  input: {},
  output: Shape({ nodes: List(Node), leader: Node }),
  repeatable: true,
})
