import type { Output } from '@colonies/client'
import { noun, verb } from '../command.js'
import { formatBytes } from '../format-bytes.js'
import type { Session } from '../session.js'
import type { Column } from '../table.js'
import { item, lines } from '../view.js'

type Store = Output<'getStore'>

const columns: readonly Column<Store>[] = [
  { header: 'Endpoint', of: ({ endpoint }) => endpoint },
  { header: 'Bucket', of: ({ bucket }) => bucket },
  { header: 'Access key', of: ({ accesskey }) => accesskey, whole: true },
  { header: 'Used', of: ({ usedbytes }) => formatBytes(usedbytes) },
  { header: 'At most', of: ({ quotabytes }) => formatBytes(quotabytes) },
]

export const storeCommands = noun('store', "The server's own object store, which keeps the bytes of files.", [
  verb({
    name: 'info',
    summary: 'Show where the store is, and how full.',
    async run(_, session) {
      const { secretkey: _secret, ...store } = await readStore(session)
      return item(store, store.bucket, columns as readonly Column<typeof store>[])
    },
  }),
  verb({
    name: 'env',
    summary:
      'Print the variables that make clients of S3, pycolonies among them, use the store: eval "$(colonies store env)".',
    async run(_, session) {
      const variables = variablesOf(await readStore(session))
      const text = Object.entries(variables).map(([name, value]) => `export ${name}=${value}`)
      return lines(text, variables, 'These keys are yours alone, and end with your membership.')
    },
  }),
])

async function readStore({ member, colonyname, settings }: Session): Promise<Store> {
  const store = await member.getStore({ colonyname })
  if (store.endpoint !== '') return store
  const { protocol, host } = new URL(settings.endpoints.value[0] ?? '')
  return { ...store, endpoint: host, tls: protocol === 'https:' }
}

function variablesOf({ endpoint, tls, region, bucket, accesskey, secretkey }: Store): Record<string, string> {
  return {
    AWS_S3_ENDPOINT: endpoint,
    AWS_S3_TLS: String(tls),
    AWS_S3_REGION: region,
    AWS_S3_BUCKET: bucket,
    AWS_S3_ACCESSKEY: accesskey,
    AWS_S3_SECRETKEY: secretkey,
    AWS_S3_SKIPVERIFY: 'false',
  }
}
