import { ClientError } from '@colonies/client'
import { verb } from '../command.js'
import { version } from '../version.js'
import { item } from '../view.js'

export const versionCommand = verb({
  name: 'version',
  summary: 'Print the versions of this command and of the server, if one answers.',
  async run(_, session) {
    const versions = { cli: version(), server: await serverVersion(session.anyone) }
    return item(versions, versions.cli, [
      { header: 'Command', of: ({ cli }) => cli },
      { header: 'Server', of: ({ server }) => server ?? 'does not answer' },
    ])
  },
})

async function serverVersion(client: { getVersion(input: object): Promise<{ buildversion: string }> }) {
  try {
    return (await client.getVersion({})).buildversion
  } catch (error) {
    if (error instanceof ClientError) return null
    throw error
  }
}
