import { countAll, countServer, listReplicas, type ReplicaRow, readLeader } from '@colonies/database'
import type { Handlers } from '../handler.js'
import { executorsOf, statisticsOf } from './colonies.js'

const NOBODY = { name: '', host: '', port: 0, peerport: 0, relayport: 0, apiport: 0 }

export const serverInfoHandlers = {
  async getVersion(_input, { replica }) {
    const { version, time } = replica.config.build
    return { buildversion: version, buildtime: time, msgtype: 'versionmsg' }
  },

  async getServerInfo(_input, { replica }) {
    const { build, http } = replica.config
    return {
      buildversion: build.version,
      buildtime: build.time,
      backends: [{ type: 'http', port: replica.port, host: http.host, tls: http.tls !== undefined, insecure: false }],
    }
  },

  async getStatistics(_input, { db }) {
    const { colonies, ...executors } = await countServer(db)
    return {
      ...statisticsOf(await countAll(db)),
      ...executorsOf({ all: executors.executors, active: executors.active, unregistered: executors.unregistered }),
      colonies,
    }
  },

  async getCluster(_input, { db }) {
    // Asked anew: a replica that has just slept still remembers what was true before.
    const [alive, leader] = await Promise.all([listReplicas(db), readLeader(db)])
    const leading = alive.find((one) => one.replica_id === leader?.replica_id)
    return { nodes: alive.map(nodeOf), leader: leading ? nodeOf(leading) : NOBODY }
  },
} satisfies Partial<Handlers>

/** The other ports are those of the original's own consensus, which the database takes care of here. */
function nodeOf({ name, host, port }: ReplicaRow) {
  return { ...NOBODY, name, host, apiport: port }
}
