import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect, type Database, type DatabaseConfig, startEmbeddedPostgres } from '@colonies/database'
import { createSigner, generatePrivateKey } from '@colonies/identity'
import { databaseVariables } from '@colonies/testkit'

/** A caller that sends what is measured and little else: one kept-alive connection, native signatures. */
export interface Caller {
  readonly id: string
  /** @returns the decoded payload @throws Error with the status and sentence of a refusal */
  call(payloadtype: string, input: object): Promise<unknown>
  close(): void
}

export interface BenchServer {
  url: string
  serverKey: string
  /** For rows that are put there directly, and for the limits of the database itself. */
  db: Database
  /** One more server on the same database. */
  anotherReplica(): Promise<{ url: string; stop(): Promise<void> }>
  stop(): Promise<void>
}

export interface Refusal extends Error {
  status: number
}

export function createCaller(url: string, privateKey: string): Caller {
  const { hostname, port } = new URL(url)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const signer = createSigner(privateKey)
  return {
    id: signer.id,
    call(payloadtype, input) {
      const payload = Buffer.from(JSON.stringify({ ...input, msgtype: payloadtype })).toString('base64')
      const body = JSON.stringify({ payloadtype, payload, signature: signer.sign(payload) })
      return new Promise((resolve, reject) => {
        const sent = request({ hostname, port, path: '/api', method: 'POST', agent }, (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('end', () => {
            const envelope = JSON.parse(Buffer.concat(chunks).toString()) as { error: boolean; payload: string }
            const reply = JSON.parse(Buffer.from(envelope.payload, 'base64').toString()) as { message?: string }
            if (envelope.error) reject(Object.assign(new Error(reply.message), { status: response.statusCode }))
            else resolve(reply)
          })
        })
        sent.on('error', reject)
        sent.setHeader('content-length', Buffer.byteLength(body))
        sent.end(body)
      })
    },
    close: () => agent.destroy(),
  }
}

/** Starts `colonies server start` on an embedded database of its own, durable as in production. */
export async function startBenchServer(): Promise<BenchServer> {
  const serverKey = generatePrivateKey()
  const dataDir = await mkdtemp(join(tmpdir(), 'colonies-bench-'))
  const postgres = await startEmbeddedPostgres({ dataDir, log: () => {} })
  const replica = () => startReplica(postgres.config, serverKey)
  const first = await replica()
  const db = connect(postgres.config)
  return {
    url: first.url,
    serverKey,
    db,
    anotherReplica: replica,
    async stop() {
      await db.close()
      await first.stop()
      await postgres.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

async function startReplica(config: DatabaseConfig, serverKey: string) {
  const bin = fileURLToPath(new URL('../../packages/cli/bin/colonies.js', import.meta.url))
  const child = spawn(process.execPath, [bin, 'server', 'start'], {
    env: {
      ...process.env,
      COLONIES_SERVER_PRVKEY: serverKey,
      COLONIES_SERVER_HTTP_PORT: '0',
      ...databaseVariables(config),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const url = await new Promise<string>((resolve, reject) => {
    let said = ''
    const listen = (chunk: Buffer) => {
      said += chunk.toString()
      const ready = /the server is ready.*?url="?(http:\/\/[^\s"]+)/.exec(said)?.[1]
      if (ready) resolve(ready)
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}:\n${said}`)))
  })
  return {
    url,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
    },
  }
}

export interface BenchColony {
  name: string
  ownerKey: string
  /** A user. */
  user: Caller
  executors: Caller[]
}

/** A colony with one user and approved executors of the type `bench`. */
export async function makeColony(server: BenchServer, name: string, executors: number): Promise<BenchColony> {
  const owner = createCaller(server.url, server.serverKey)
  const ownerKey = generatePrivateKey()
  const colonyOwner = createCaller(server.url, ownerKey)
  await owner.call('addcolonymsg', { colony: { colonyid: colonyOwner.id, name } })
  const user = createCaller(server.url, generatePrivateKey())
  await colonyOwner.call('addusermsg', { user: { colonyname: name, userid: user.id, name: 'user' } })
  const all: Caller[] = []
  for (let index = 0; index < executors; index += 1) {
    const executor = createCaller(server.url, generatePrivateKey())
    await colonyOwner.call('addexecutormsg', {
      executor: { executorid: executor.id, executorname: `e${index}`, executortype: 'bench', colonyname: name },
    })
    await colonyOwner.call('approveexecutormsg', { colonyname: name, executorname: `e${index}` })
    all.push(executor)
  }
  return { name, ownerKey, user, executors: all }
}

export const specFor = (colonyname: string) => ({
  funcname: 'f',
  args: ['a', 1],
  maxexectime: 60,
  maxretries: 3,
  conditions: { colonyname, executortype: 'bench' },
})

/** Runs `work` on `connections` at once until `total` are done. @returns operations per second */
export async function rateOf(total: number, connections: number, work: (connection: number) => Promise<unknown>) {
  let started = 0
  const begin = performance.now()
  await Promise.all(
    Array.from({ length: connections }, async (_, connection) => {
      for (; started < total; ) {
        started += 1
        await work(connection)
      }
    }),
  )
  return total / ((performance.now() - begin) / 1000)
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export function machine(): string {
  const [cpu] = cpus()
  return `${cpus().length} x ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
}
