import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { serverVariables, type TestDatabase, type TestScope } from '@colonies/testkit'

export interface Memory {
  /** After garbage was collected. */
  heapBytes: number
  externalBytes: number
  rssBytes: number
}

/** A server in a process of its own. */
export interface ChildServer {
  readonly port: number
  /** What it has logged. */
  readonly lines: readonly string[]
  readonly isAlive: boolean
  memory(): Promise<Memory>
}

/** Starts a server with all its loops, on a test's database; stopped before the database goes. */
export async function startChildServer(t: TestScope, database: TestDatabase, serverKey: string): Promise<ChildServer> {
  const { config } = database
  const child = fork(fileURLToPath(new URL('server-process.js', import.meta.url)), {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: {
      PATH: process.env.PATH,
      ...serverVariables(config, serverKey),
    },
  })
  const lines: string[] = []
  assert.ok(child.stderr)
  createInterface(child.stderr).on('line', (line) => lines.push(line))
  const exited = once(child, 'exit')
  database.beforeDrop(async () => {
    if (child.connected) child.send('stop')
    await exited
  })
  t.after(async () => void child.kill())
  const { port } = (await messageOf(child, lines)) as { port: number }
  return {
    port,
    lines,
    get isAlive() {
      return child.exitCode === null && child.signalCode === null
    },
    async memory() {
      child.send('memory')
      return (await messageOf(child, lines)) as Memory
    },
  }
}

async function messageOf(child: ChildProcess, lines: readonly string[]): Promise<unknown> {
  const [message] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => assert.fail(`the server has ended: ${lines.slice(-5).join('\n')}`)),
  ])
  return message
}
