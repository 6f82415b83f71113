// Counts the words of all *.md files below node_modules with eight executor processes, two of which are killed on the way.
//
//   node dist-tests/examples/wordcount/run.js [folder]
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Client, createClient } from '@colonies/client'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { State } from '@colonies/protocol'
import { configFrom, createLog, type Environment, startServer } from '@colonies/server'
import { WebSocket } from 'ws'

export interface WordcountOptions {
  folder: string
  executors: number
  /** How many of them are killed with -9 while each holds a process. */
  killed: number
  chunkBytes: number
  /** Where the tables are, as `COLONIES_DB_*`; an embedded database of its own when left out. */
  database?: Environment
}

export interface WordcountResult {
  /** As `sort | uniq -c` writes it. */
  text: string
  workers: number
  /** Workers that needed more than one attempt. */
  retried: number
}

const colonyname = 'wordcount'

export async function runWordcount(options: WordcountOptions): Promise<WordcountResult> {
  const dataDir = await mkdtemp(join(tmpdir(), 'colonies-wordcount-'))
  const serverKey = generatePrivateKey()
  const env = {
    COLONIES_SERVER_PRVKEY: serverKey,
    COLONIES_SERVER_HTTP_PORT: '0',
    COLONIES_DATA_DIR: dataDir,
    ...options.database,
  }
  const server = await startServer(configFrom(env), { log: createLog({ level: 'warn' }) })
  const children = new Map<string, ChildProcess>()
  try {
    const [colonyKey, userKey] = [generatePrivateKey(), generatePrivateKey()]
    const serverOwner = createClient({ endpoint: server.url, privateKey: serverKey, WebSocket: WebSocket as never })
    await serverOwner.addColony({ colony: { name: colonyname, colonyid: identityOf(colonyKey) } })
    await serverOwner.as(colonyKey).addUser({ user: { colonyname, userid: identityOf(userKey), name: 'me' } })
    const client = serverOwner.as(userKey)
    await Promise.all(
      Array.from({ length: options.executors }, async (_, index) => {
        const privateKey = generatePrivateKey()
        children.set(
          identityOf(privateKey),
          await startExecutor(`counter-${index}`, { url: server.url, colonyKey, privateKey }),
        )
      }),
    )
    await allWaiting(server.url, options.executors)
    const [result] = await Promise.all([count(client, options), killHolders(client, children, options.killed)])
    return result
  } finally {
    for (const child of children.values()) {
      child.kill('SIGTERM')
      child.kill('SIGCONT') // one that was stopped hears of nothing else
    }
    await Promise.all([...children.values()].map(ended))
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function count(client: Client, { folder, chunkBytes }: WordcountOptions): Promise<WordcountResult> {
  const conditions = { executortype: 'wordcount' }
  const limits = { maxexectime: 30, maxretries: 20 }
  const graph = await client.submitWorkflow({
    spec: {
      colonyname,
      functionspecs: [
        { nodename: 'map', funcname: 'map', args: [folder, chunkBytes], ...limits, conditions },
        { nodename: 'reduce', funcname: 'reduce', ...limits, conditions: { ...conditions, dependencies: ['map'] } },
      ],
    },
  })
  const reduce = await client.waitFor(graph.processids?.at(-1) ?? '')
  if (reduce.state !== State.success) throw new Error(`the reduce node did not succeed: ${reduce.errors.join('; ')}`)
  const { processids } = await client.getProcessGraph({ processgraphid: graph.processgraphid })
  const processes = await Promise.all((processids ?? []).map((processid) => client.getProcess({ processid })))
  const workers = processes.filter((process) => process.spec.funcname === 'count')
  return {
    text: String((reduce.out as string[])[0]),
    workers: workers.length,
    retried: workers.filter((worker) => worker.attempt > 1).length,
  }
}

/** An executor that does not hang at the server yet could be stopped before it is given anything. */
async function allWaiting(url: string, executors: number): Promise<void> {
  for (const end = Date.now() + 30_000; Date.now() < end; ) {
    const metrics = await (await fetch(`${url}/metrics`)).text()
    if (Number(/^colonies_requests_held (\d+)/m.exec(metrics)?.[1]) >= executors) return
  }
  throw new Error('the executors did not all ask for work within 30 seconds')
}

interface ExecutorEnvironment {
  url: string
  colonyKey: string
  privateKey: string
}

function startExecutor(name: string, { url, colonyKey, privateKey }: ExecutorEnvironment): Promise<ChildProcess> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('executor.js', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      COLONIES_URL: url,
      COLONIES_COLONY_NAME: colonyname,
      COLONIES_COLONY_PRVKEY: colonyKey,
      COLONIES_PRVKEY: privateKey,
      COLONIES_EXECUTOR_NAME: name,
    },
  })
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.includes('started')) resolve(child)
    })
    child.once('exit', (code) => reject(new Error(`executor ${name} ended with ${code}`)))
  })
}

/**
 * Kills so many executors, each in the middle of a worker. They are stopped before: a stopped executor is given work by its
 * hanging poll and cannot finish it. One that is given the map node instead goes on, and another one takes its place.
 */
async function killHolders(client: Client, children: Map<string, ChildProcess>, wanted: number): Promise<void> {
  const candidates = [...children.keys()]
  const stopped = new Set<string>()
  const stopOne = () => {
    const id = candidates.pop() ?? ''
    children.get(id)?.kill('SIGSTOP')
    stopped.add(id)
  }
  for (let index = 0; index < wanted; index += 1) stopOne()
  for (const end = Date.now() + 60_000; stopped.size > 0 && Date.now() < end; ) {
    const running = await client.getProcesses({ colonyname, state: State.running, count: 50 })
    for (const { assignedexecutorid: holder, spec } of running) {
      if (!stopped.delete(holder)) continue
      children.get(holder)?.kill(spec.funcname === 'count' ? 'SIGKILL' : 'SIGCONT')
      if (spec.funcname !== 'count') stopOne()
    }
  }
}

function ended(child: ChildProcess): Promise<unknown> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => child.once('exit', resolve))
}

async function main(): Promise<void> {
  const folder = process.argv[2] ?? 'node_modules'
  const begin = performance.now()
  const { text, workers, retried } = await runWordcount({ folder, executors: 8, killed: 2, chunkBytes: 20_000 })
  const seconds = ((performance.now() - begin) / 1000).toFixed(1)
  const file = join(tmpdir(), 'wordcount.txt')
  await writeFile(file, text)
  console.log(
    `${workers} workers, ${retried} of them again after their executor was killed; ${seconds} s; counts in ${file}`,
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main()
