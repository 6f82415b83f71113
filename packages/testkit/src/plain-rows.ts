import { type ColonyKey, type Db, type NewProcess, sql } from '@colonies/database'
import { newId } from '@colonies/identity'

// Rows for tests of statements and loops, put into the tables without a server.

/** The id of an executor of `addColonyRows`. */
export const executorIdOf = (name: string) => `${name}-id`

/** A colony with approved executors of type `cli`. */
export async function addColonyRows(db: Db, name: string, executors: readonly string[] = []): Promise<ColonyKey> {
  const row = await db.one<{ colony_key: number }>(sql`
    insert into colonies (name, colony_id) values (${name}, ${newId()}) returning colony_key`)
  const key = row?.colony_key ?? 0
  for (const executor of executors) {
    await db.run(sql`
      insert into executors (colony, name, executor_id, executor_type, state)
      values (${key}, ${executor}, ${executorIdOf(executor)}, 'cli', 1)`)
  }
  return key
}

/** As if replicas had been listening for so much longer: before that, nobody counts as silent. */
export async function listenFor(db: Db, seconds: number): Promise<void> {
  await db.run(sql`
    update listening set last_at = now(), since = least(since, now()) - make_interval(secs => ${seconds}::int)`)
}

let made = 0

/** A process with nothing special about it. Ids are in the order of the calls. */
export function plainProcess(changes: Partial<NewProcess> = {}): NewProcess {
  made += 1
  return {
    processId: `${Date.now().toString(16).padStart(12, '0')}${String(made).padStart(52, '0')}`,
    nodeName: `node${made}`,
    functionName: 'f',
    executorType: 'cli',
    label: '',
    initiatorId: 'user-id',
    initiatorName: 'user',
    initiatorIsUser: true,
    priority: 0,
    waitSeconds: null,
    execSeconds: null,
    maxRetries: 0,
    spec: '{"funcname":"f"',
    env: '{}',
    channels: null,
    names: null,
    location: '',
    cpu: 0n,
    memory: 0n,
    requestId: null,
    holder: null,
    ...changes,
  }
}

export const UNLIMITED = 2n ** 63n - 1n

/** What an executor of type `cli` with no limits can take. */
export const anyShape = { executorType: 'cli', location: '', cpu: UNLIMITED, memory: UNLIMITED }

export const claimant = (name: string, assignId: string | null = null) => ({
  executorId: executorIdOf(name),
  name,
  assignId,
})
