import { integer, noun, verb } from '../command.js'
import type { Column } from '../table.js'
import { item } from '../view.js'

interface Spread {
  nodes: readonly string[]
  tables: readonly string[]
}

const columns: readonly Column<Spread>[] = [
  { header: 'Nodes', of: ({ nodes }) => nodes.join(', ') },
  { header: 'Tables distributed now', of: ({ tables }) => tables.length },
]

export const databaseCommands = noun('database', 'Change the database of a server, on the machine of a replica.', [
  verb({
    name: 'distribute',
    summary:
      'Spread the tables over the nodes of a Citus, each colony whole on one; set as a replica is, while none runs.',
    options: {
      shards: integer('parts of each table, the most nodes that it can ever have', {
        min: 1,
        max: 1024,
        otherwise: 32,
      }),
    },
    async run({ shards }, session) {
      // Only here: a server takes longer to load than most commands take.
      const { configFrom, distributeDatabase } = await import('@colonies/server')
      const say = (line: string) => session.out.say(line)
      const spread = await distributeDatabase(configFrom(session.io.env), { shards, say })
      return item(spread, spread.nodes.join(), columns)
    },
  }),
])
