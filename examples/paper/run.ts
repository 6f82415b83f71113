// Runs the workflow of the paper: executors on the edge and in the cloud, and one in a real browser tab.
//
//   node dist-tests/examples/paper/run.js [--write]     --write: puts the tables into docs/paper.md
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient } from '@colonies/client'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import type { Process } from '@colonies/protocol'
import { configFrom, createLog, type Environment, filePage, startServer } from '@colonies/server'
import { WebSocket } from 'ws'
import { openTab } from './tab.js'
import { paperTables } from './tables.js'
import { paperExecutors, paperWorkflow } from './workflow.js'

export interface PaperResult {
  /** What the browser tab computed. */
  result: unknown
  /** What the tab shows at the end. */
  status: string
  /** Tables 1 to 5 as Markdown. */
  tables: string
}

const colonyname = 'paper'
const root = new URL('../../../', import.meta.url)
const pages = new Map([
  ['/sdk/colonies.js', filePage(fileURLToPath(new URL('packages/client/dist/colonies.browser.js', root)))],
  ['/paper/browser.html', filePage(fileURLToPath(new URL('examples/paper/browser.html', root)))],
])

/** @param database where the tables are, as `COLONIES_DB_*`; an embedded one of its own when left out */
export async function runPaper(database: Environment = {}): Promise<PaperResult> {
  const dataDir = await mkdtemp(join(tmpdir(), 'colonies-paper-'))
  const serverKey = generatePrivateKey()
  const env = {
    COLONIES_SERVER_PRVKEY: serverKey,
    COLONIES_SERVER_HTTP_PORT: '0',
    COLONIES_DATA_DIR: dataDir,
    ...database,
  }
  const server = await startServer(configFrom(env), { pages, log: createLog({ level: 'warn' }) })
  try {
    return await runOn(server.url, serverKey)
  } finally {
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function runOn(url: string, serverKey: string): Promise<PaperResult> {
  const [colonyKey, userKey, tabKey, ...executorKeys] = Array.from({ length: 6 }, () => generatePrivateKey()) as [
    string,
    string,
    string,
  ]
  const serverOwner = createClient({ endpoint: url, privateKey: serverKey, WebSocket: WebSocket as never })
  const colonyOwner = serverOwner.as(colonyKey)
  const colonyid = identityOf(colonyKey)
  await serverOwner.addColony({ colony: { name: colonyname, colonyid } })
  await colonyOwner.addUser({ user: { colonyname, userid: identityOf(userKey), name: 'researcher' } })
  const client = serverOwner.as(userKey)

  const executors = paperExecutors(
    { colonyname, colonyPrivateKey: colonyKey, clientOf: (key) => serverOwner.as(key) },
    executorKeys,
  )
  await Promise.all(executors.all.map((executor) => executor.start()))
  await colonyOwner.addExecutor({
    executor: { colonyname, executorname: 'E4', executorid: identityOf(tabKey), executortype: 'browser' },
  })
  await colonyOwner.approveExecutor({ colonyname, executorname: 'E4' })
  const tab = await openTab(url, { colonyname, name: 'E4', privateKey: tabKey })
  try {
    const graph = await client.submitWorkflow({ spec: paperWorkflow(colonyname).spec() })
    const read = (): Promise<Process[]> =>
      Promise.all((graph.processids ?? []).map((processid) => client.getProcess({ processid })))
    await executors.bothSquaring
    const atStep2 = await read()
    executors.goOn()
    const last = await client.waitFor(graph.processids?.at(-1) ?? '')
    const atEnd = await read()
    const tables = await paperTables({ client, colonyname, colonyid, atStep2, atEnd })
    return { result: (last.out as unknown[])[0], status: await tab.status(), tables }
  } finally {
    await Promise.all(executors.all.map((executor) => executor.stop()))
    await tab.close()
  }
}

async function main(): Promise<void> {
  const { result, status, tables } = await runPaper()
  console.log(`the browser tab says: ${status}\nresult: ${result}`)
  if (!process.argv.includes('--write')) return
  const head = `# The paper, run

\`gen_nums\` on an executor of type edge, \`square\` twice in the cloud, \`sum\` in a browser tab: the workflow of the paper
*Colonies - Compute Continuums across Platforms*, with the rows that a server really gave. Made by
\`node dist-tests/examples/paper/run.js --write\`; the code is in [examples/paper](../examples/paper).

Result: **${result}**; the tab shows \`${status}\`.

`
  await writeFile(fileURLToPath(new URL('docs/paper.md', root)), head + tables)
  console.log('wrote docs/paper.md')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main()
