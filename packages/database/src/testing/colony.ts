import type { Db } from '../db.js'
import { sql } from '../sql.js'
import type { NewProcess } from '../submissions.js'

/** Rows for tests of statements: one colony with approved executors, and processes with nothing special about them. */
export interface TestColony {
  key: number
  process(changes?: Partial<NewProcess>): NewProcess
}

export const UNLIMITED = 2n ** 63n - 1n

export const anyShape = { executorType: 'cli', location: '', cpu: UNLIMITED, memory: UNLIMITED }

export const claimant = (name: string, assignId: string | null = null) => ({ executorId: `${name}-id`, name, assignId })

export async function testColony(db: Db, name: string, executors: readonly string[]): Promise<TestColony> {
  const row = await db.one<{ colony_key: number }>(sql`
    insert into colonies (name, colony_id) values (${name}, ${'c'.repeat(64)}) returning colony_key`)
  const key = row?.colony_key ?? 0
  for (const executor of executors) {
    await db.run(sql`
      insert into executors (colony, name, executor_id, executor_type, state)
      values (${key}, ${executor}, ${`${executor}-id`}, 'cli', 1)`)
  }
  let made = 0
  return {
    key,
    process: (changes = {}) => ({
      processId: `${Date.now().toString(16).padStart(12, '0')}${String((made += 1)).padStart(52, '0')}`,
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
    }),
  }
}
