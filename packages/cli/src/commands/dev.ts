import { homedir } from 'node:os'
import { join } from 'node:path'
import { text, verb } from '../command.js'

export const devCommand = verb({
  name: 'dev',
  summary: 'Run everything on this machine: database, server, a colony with keys, and an executor.',
  options: { datadir: text('folder for data and keys; COLONIES_DATA_DIR or ~/.colonies/dev when left out') },
  async run({ datadir }, session) {
    // Only here and in `server start`: a server takes longer to load than most commands take.
    const { runDev } = await import('../dev/run-dev.js')
    await runDev(datadir || session.io.env.COLONIES_DATA_DIR || join(homedir(), '.colonies', 'dev'), session)
    return undefined
  },
})
