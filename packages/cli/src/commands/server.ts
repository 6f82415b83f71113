import type { Output } from '@colonies/client'
import type { MissingObject } from '@colonies/server'
import { flag, needed, noun, text, verb } from '../command.js'
import { ExitCode } from '../exit-codes.js'
import { statisticsFields } from '../statistics.js'
import type { Column } from '../table.js'
import { version } from '../version.js'
import { done, item, list } from '../view.js'

type Cluster = Output<'getCluster'>

const nodeColumns = ({ leader }: Cluster): readonly Column<Cluster['nodes'][number]>[] => [
  { header: 'NAME', of: ({ name }) => name },
  { header: 'HOST', of: ({ host }) => host },
  { header: 'API PORT', of: ({ apiport }) => apiport },
  { header: 'LEADER', of: (node) => (isSame(node, leader) ? 'yes' : '') },
]

/** Replicas of one machine have its name, and differ by their ports; workers share the port, and are numbered. */
function isSame(one: Cluster['leader'], other: Cluster['leader']): boolean {
  return one.name === other.name && one.host === other.host && one.apiport === other.apiport
}

const missingColumns: readonly Column<MissingObject>[] = [
  { header: 'COLONY', of: ({ colony }) => colony },
  { header: 'BUCKET', of: ({ bucket }) => bucket },
  { header: 'OBJECT', of: ({ key }) => key },
  { header: 'FILES', of: ({ files }) => files.join(', '), whole: true },
]

/** Flags of the original for things that are not there any more, each with whether it takes a value. */
const ignored = {
  initdb: flag('of no effect', { hidden: true }),
  etcdname: text('of no effect', { hidden: true }),
  etcdhost: text('of no effect', { hidden: true }),
  etcdclientport: text('of no effect', { hidden: true }),
  etcdpeerport: text('of no effect', { hidden: true }),
  etcddatadir: text('of no effect', { hidden: true }),
  initialCluster: text('of no effect', { hidden: true }),
  relayport: text('of no effect', { hidden: true }),
}

const clusterInfo = {
  summary: 'List the replicas that are alive, as the server owner.',
  async run(_: object, { serverOwner }: { serverOwner: { getCluster(input: object): Promise<Cluster> } }) {
    const cluster = await serverOwner.getCluster({})
    return {
      ...list(cluster.nodes, nodeColumns(cluster), { id: ({ name }) => name, none: 'No replicas.' }),
      data: cluster,
    }
  },
}

export const serverCommands = noun('server', 'Run a server, or ask one how it is.', [
  verb({
    name: 'start',
    summary:
      'Run one replica, configured by COLONIES_* variables; without COLONIES_DB_HOST with a database of its own.',
    options: {
      dbhost: text('host of the database'),
      dbport: text('port of the database'),
      dbuser: text('user of the database'),
      dbpassword: text('password of the database'),
      dbtype: text('only postgresql', { hidden: true }),
      datadir: text('folder of the embedded database'),
      tlskey: text('file with the private key for https'),
      tlscert: text('file with the certificate for https'),
      ...ignored,
    },
    async run(given, session) {
      // Only here and in `dev`: a server takes longer to load than most commands take.
      const { serve } = await import('../serve.js')
      const unused = Object.keys(ignored).filter((name) => given[name as keyof typeof ignored])
      if (unused.length > 0) session.out.warn(`Of no effect here: ${unused.map((name) => `--${name}`).join(', ')}.`)
      session.exitCode = await serve(given, session)
      return undefined
    },
  }),
  verb({
    name: 'status',
    summary: 'Show the versions of server and command, and where the server listens.',
    async run(_, session) {
      const info = await session.anyone.getServerInfo({})
      const status = { server: session.settings.endpoints.value, cli: version(), ...info }
      return item(status, info.buildversion, [
        { header: 'Address', of: ({ server }) => server.join(', ') },
        { header: 'Server version', of: ({ buildversion, buildtime }) => `${buildversion} (${buildtime})` },
        { header: 'Command version', of: ({ cli }) => cli },
        {
          header: 'Listens',
          of: ({ backends }) =>
            backends.map(({ type, host, port, tls }) => `${type} ${host}:${port}${tls ? ' with TLS' : ''}`).join('\n'),
        },
      ])
    },
  }),
  verb({
    name: 'info',
    summary: 'What the server tells about itself.',
    async run(_, { anyone }) {
      const info = await anyone.getServerInfo({})
      return item(info, info.buildversion, [
        { header: 'Version', of: ({ buildversion }) => buildversion },
        { header: 'Built', of: ({ buildtime }) => buildtime },
        {
          header: 'Listens',
          of: ({ backends }) => backends.map(({ type, host, port }) => `${type} ${host}:${port}`).join('\n'),
        },
      ])
    },
  }),
  verb({
    name: 'alive',
    summary: 'Ask whether the server answers; the exit code says it too.',
    async run(_, { anyone, settings }) {
      const { buildversion } = await anyone.getVersion({})
      return done(`The server at ${settings.endpoints.value.join(', ')} answers.`, { buildversion })
    },
  }),
  verb({
    name: 'stats',
    summary: 'Count colonies, executors, processes and workflows of the server, as its owner.',
    async run(_, { serverOwner }) {
      const statistics = await serverOwner.getStatistics({})
      return item(statistics, '', [{ header: 'Colonies', of: ({ colonies }) => colonies }, ...statisticsFields])
    },
  }),
  verb({ name: 'cluster', ...clusterInfo }),
  verb({
    name: 'check-store',
    summary:
      'Compare the rows of the object store with its folder, as after a restore; set as a replica is, on its machine.',
    async run(_, session) {
      const { checkStore, configFrom } = await import('@colonies/server')
      const { objects, missing, unnamed } = await checkStore(configFrom(session.io.env))
      if (missing.length > 0) session.exitCode = ExitCode.failure
      const found = `${objects} objects, ${missing.length} without bytes; ${unnamed} files of no object, which replicas remove.`
      session.out.warn(found)
      return list(missing, missingColumns, { id: ({ key }) => key, none: 'Every object has its bytes.' })
    },
  }),
  verb({
    name: 'chid',
    summary: 'Give the server owner a new key, while you still hold the old one.',
    positional: ['serverid'],
    options: { serverid: needed('id of the new key') },
    async run({ serverid }, { serverOwner }) {
      await serverOwner.changeServerId({ serverid })
      return done('From now on the new key owns the server.', { serverid })
    },
  }),
])

/** The original's name for it. */
export const clusterCommands = noun('cluster', 'Replicas of the server.', [verb({ name: 'info', ...clusterInfo })], {
  hidden: true,
})
