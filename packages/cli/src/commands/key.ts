import { generatePrivateKey, identityOf } from '@colonies/identity'
import { choice, noun, verb } from '../command.js'
import type { Column } from '../table.js'
import { item } from '../view.js'

interface Key {
  id: string
  prvkey?: string
}

const fields: readonly Column<Key>[] = [
  { header: 'Id', of: ({ id }) => id },
  { header: 'Private key', of: ({ prvkey = '' }) => prvkey },
]

export const keyCommands = noun(
  'key',
  'Private keys, and the ids by which everybody knows their holders.',
  [
    verb({
      name: 'generate',
      summary: 'Make a new private key. It is only printed: keep it secret, and keep it.',
      run() {
        const prvkey = generatePrivateKey()
        const id = identityOf(prvkey)
        return item({ id, prvkey }, id, fields)
      },
    }),
    verb({
      name: 'id',
      summary: 'Print the id of a private key: of --prvkey, or of one that is configured.',
      options: {
        of: choice('whose key', ['member', 'colony-owner', 'server-owner']),
      },
      run({ of = 'member' }, session) {
        const id = identityOf(session.key(of).value)
        return { ...item({ id }, id, fields), text: () => `${id}\n` }
      },
    }),
  ],
  { alias: 'security' },
)
