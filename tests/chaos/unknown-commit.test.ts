import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { type Client, ClientError, createClient } from '@colonies/client'
import { sql } from '@colonies/database'
import { generatePrivateKey, identityOf } from '@colonies/identity'
import { someoneWaits, type TestColony, testColony, testServer } from '@colonies/testkit'
import { type CommitEater, type Eaten, startCommitEater } from './stage/commit-eater.js'
import { Link } from './stage/proxy.js'

/** More than any call has. */
const COMMITS_MAX = 10

interface Scene {
  colony: TestColony
  eater: CommitEater
  /** These ask again for as long as it takes. */
  user: Client
  executor: Client
}

/** One kind of call, and how often its effect is found in the tables. */
interface Kind {
  says: string
  /** @returns the call, and what counts its effects */
  prepare(
    scene: Scene,
    turn: number,
  ): Promise<{ call(): Promise<unknown>; effects(): Promise<number>; wanted?: number }>
}

const NONE = '0'.repeat(64)

const kinds: Kind[] = [
  {
    says: 'submit',
    prepare: async ({ user, colony }, turn) => ({
      call: () => user.submit({ spec: spec(colony, turn) }),
      effects: () => count(colony, turn),
    }),
  },
  {
    says: 'submit of many',
    prepare: async ({ user, colony }, turn) => ({
      call: () => user.submitMany(colony.name, [spec(colony, turn), spec(colony, turn), spec(colony, turn)]),
      effects: () => count(colony, turn),
      wanted: 3,
    }),
  },
  {
    says: 'submit of a workflow',
    prepare: async ({ user, colony }, turn) => ({
      call: () => user.submitWorkflow({ spec: workflowOf(colony, turn) }),
      effects: () => count(colony, turn),
      wanted: 2,
    }),
  },
  {
    says: 'close',
    prepare: async (scene, turn) => {
      const processid = await running(scene, turn)
      return {
        call: () => scene.executor.closeSuccessful({ processid, out: [turn] }),
        effects: () => countRows(scene.colony, sql`select from results where process_id = ${processid} and state = 2`),
      }
    },
  },
  {
    says: 'failure',
    prepare: async (scene, turn) => {
      const processid = await running(scene, turn)
      return {
        call: () => scene.executor.closeFailed({ processid, errors: ['no'] }),
        effects: () => countRows(scene.colony, sql`select from results where process_id = ${processid} and state = 3`),
      }
    },
  },
  {
    says: 'close of many',
    prepare: async (scene, turn) => {
      const ids = [await running(scene, turn), await running(scene, turn)]
      return {
        async call() {
          const closes = ids.map((processid) => ({ processid }))
          const outcomes = await scene.executor.closeMany(scene.colony.name, closes)
          for (const { error } of outcomes) assert.ifError(error)
        },
        effects: () => countRows(scene.colony, sql`select from results where process_id = any(${ids}) and state = 2`),
        wanted: 2,
      }
    },
  },
  {
    says: 'adding a child',
    prepare: async ({ user, executor, colony }, turn) => {
      const graph = await user.submitWorkflow({ spec: workflowOf(colony, turn) })
      const parent = await executor.waitForProcess({ colonyname: colony.name, timeout: 5 })
      const { processgraphid } = graph
      const child = { ...spec(colony, turn), nodename: 'more' }
      return {
        call: () => executor.addChild({ processgraphid, parentprocessid: parent?.processid ?? NONE, spec: child }),
        effects: () => count(colony, turn),
        wanted: 3,
      }
    },
  },
  {
    says: 'pack',
    prepare: async (scene, turn) => {
      const { generatorid } = await generator(scene, turn)
      return {
        call: () => scene.user.packGenerator({ generatorid, arg: 'a' }),
        effects: () => countRows(scene.colony, sql`select from generator_args where generator_id = ${generatorid}`),
      }
    },
  },
  {
    says: 'pack of many',
    prepare: async (scene, turn) => {
      const { generatorid } = await generator(scene, turn)
      return {
        call: () => scene.user.packGeneratorMany({ generatorid, args: ['a', 'b'] }),
        effects: () => countRows(scene.colony, sql`select from generator_args where generator_id = ${generatorid}`),
        wanted: 2,
      }
    },
  },
  {
    says: 'append to a channel',
    prepare: async ({ user, colony }, turn) => {
      const { processid } = await user.submit({ spec: { ...spec(colony, turn), channels: ['chat'] } })
      return {
        call: () => user.channel(processid, 'chat').append('hello'),
        effects: async () => (await user.channel(processid, 'chat').read()).length,
      }
    },
  },
  {
    says: 'run of a cron',
    prepare: async ({ user, colony }, turn) => {
      const { cronid } = await user.addCron({
        cron: {
          colonyname: colony.name,
          name: `c${turn}`,
          interval: 100_000,
          workflowspec: JSON.stringify(workflowOf(colony, turn)),
        },
      })
      return {
        call: () => user.runCron({ cronid }),
        effects: () => countRows(colony, sql`select from graphs where cron_id = ${cronid}`),
      }
    },
  },
  {
    // Has no request id: what it follows tells whether it is in already, as ColonyFS does.
    says: 'adding a file',
    prepare: async ({ user, colony }, turn) => {
      const file = { colonyname: colony.name, label: '/data', name: `f${turn}` }
      const add = () => user.addFile({ file, previous: 'none' })
      return {
        call: () =>
          add().catch((error: unknown) => {
            if (!(error instanceof ClientError && error.retryable)) throw error
            return add().catch((again: unknown) => assert.ok(again instanceof ClientError && again.status === 409))
          }),
        effects: () =>
          countRows(
            colony,
            sql`
          select from files where label = ${file.label} and name = ${file.name}`,
          ),
      }
    },
  },
]

/** With all loops: one of them looks after those whose claim failed. What else they write may be broken instead, and must not matter. */
const assign: Kind = {
  says: 'assign',
  prepare: async ({ user, executor, colony }, turn) => {
    await user.submitMany(colony.name, [spec(colony, turn), spec(colony, turn)])
    return {
      call: async () => assert.ok(await executor.waitForProcess({ colonyname: colony.name, timeout: 20 })),
      effects: () =>
        countRows(
          colony,
          sql`select from live join process_specs using (colony, process_id)
            where holder is not null and label = ${`n${turn}`}`,
        ),
    }
  },
}

const sides = { answer: 'after', question: 'before' } as const

// Side by side: most of the time the client waits for the second that `Retry-After` names.
describe('a connection that breaks at COMMIT', { concurrency: true }, () => {
  for (const eaten of ['answer', 'question'] as const) {
    test(`${sides[eaten]} it doubles nothing and loses nothing`, async (t) => {
      const scene = await openScene(t)
      let turn = 0
      for (const kind of kinds) {
        await t.test(kind.says, async () => {
          turn = await breakEachCommit(scene, kind, eaten, turn)
        })
      }
    })

    test(`${sides[eaten]} it, of a claim: the executor gets one process`, async (t) => {
      await breakEachCommit(await openScene(t, { loops: true }), assign, eaten, 0)
    })
  }

  test('after it, of a claim whose poll ends before anybody has looked again: the executor gets one process', async (t) => {
    const { user, executor, colony, eater } = await openScene(t)
    const { processid } = await user.submit({ spec: spec(colony, 1) })
    eater.arm('answer', 1)
    const process = await executor.waitForProcess({ colonyname: colony.name, timeout: 1 })
    assert.ok(eater.disarm())
    assert.equal(process?.processid, processid)
  })

  test('before it, of a submit for an executor that waits: the executor gets what is committed later', async (t) => {
    const link = await Link.to(await testServer())
    const { user, executor, colony } = await openScene(t, { loops: true, port: link.port })
    t.after(() => link.close())
    // Its caller may not ask again, or that would be a second reason to look.
    const submitter = createClient({ endpoint: colony.url, privateKey: colony.keys.user, retry: { forMs: 0 } })
    const assigned = executor.waitForProcess({ colonyname: colony.name, timeout: 10 })
    await oneWaits(colony, 1)
    await colony.db.transaction(async (tx) => {
      await tx.run(sql`lock table process_specs in exclusive mode`)
      const submitted = assert.rejects(submitter.submit({ spec: spec(colony, 1) }), { status: 503 })
      await someoneWaits(colony.db, 'asked')
      link.reset()
      await submitted
      await oneWaits(colony, 2)
    })
    assert.equal((await assigned)?.spec.label, 'n1')
    assert.deepEqual(await user.getProcesses({ colonyname: colony.name, count: 9, state: 0 }), [])
  })
})

/** Resolves when an executor waits for which the queue was looked at so often. */
async function oneWaits({ url }: TestColony, looks: number): Promise<void> {
  for (const end = Date.now() + 5_000; Date.now() < end; ) {
    const metrics = await (await fetch(`${url}/metrics`)).text()
    const read = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(metrics)?.[1])
    if (read('colonies_waiters') === 1 && read('colonies_claims_total') >= looks) return
  }
  throw new Error(`there was nobody for whom the queue was looked at ${looks} times`)
}

/** Breaks the first commit of a call, then, in a call of its own, the second, until a call has no more. */
async function breakEachCommit(scene: Scene, kind: Kind, eaten: Eaten, turn: number): Promise<number> {
  for (let nth = 1; nth <= COMMITS_MAX; nth += 1) {
    turn += 1
    const { call, effects, wanted = 1 } = await kind.prepare(scene, turn)
    scene.eater.arm(eaten, nth)
    await call()
    const broke = scene.eater.disarm()
    assert.equal(await effects(), wanted, `after its commit ${nth}`)
    if (!broke) {
      assert.ok(nth > 1, 'the call committed nothing that could be broken')
      return turn
    }
  }
  throw new Error('the call commits without end')
}

interface SceneOptions {
  loops?: boolean
  /** The port by which statements reach PostgreSQL, instead of the eater's. */
  port?: number
}

async function openScene(t: TestContext, { loops = false, port: statements }: SceneOptions = {}): Promise<Scene> {
  const { host, port } = await testServer()
  const eater = await startCommitEater(host, port)
  const colony = await testColony(t, {
    loops,
    env: {
      COLONIES_DB_PORT: String(statements ?? eater.port),
      COLONIES_DB_LISTEN_PORT: String(port),
      COLONIES_DB_LISTEN_HOST: host,
    },
  })
  t.after(() => eater.close())
  const key = generatePrivateKey()
  const executor = { colonyname: colony.name, executorname: 'ada', executorid: identityOf(key), executortype: 'cli' }
  await colony.colonyOwner.addExecutor({ executor })
  await colony.colonyOwner.approveExecutor({ colonyname: colony.name, executorname: 'ada' })
  const client = (privateKey: string) =>
    createClient({ endpoint: colony.url, privateKey, retry: { forMs: 20_000, maxMs: 50 } })
  return { colony, eater, user: client(colony.keys.user), executor: client(key) }
}

const spec = (colony: TestColony, turn: number) => ({
  funcname: 'f',
  label: `n${turn}`,
  priority: turn, // what an earlier turn has left over comes later
  conditions: { colonyname: colony.name, executortype: 'cli' },
})

function workflowOf(colony: TestColony, turn: number) {
  const node = (nodename: string, dependencies: string[]) => {
    const { conditions, ...rest } = spec(colony, turn)
    return { ...rest, nodename, conditions: { ...conditions, dependencies } }
  }
  return { colonyname: colony.name, functionspecs: [node('a', []), node('b', ['a'])] }
}

async function running({ user, executor, colony }: Scene, turn: number): Promise<string> {
  await user.submit({ spec: spec(colony, turn) })
  const process = await executor.waitForProcess({ colonyname: colony.name, timeout: 5 })
  return process?.processid ?? NONE
}

function generator({ user, colony }: Scene, turn: number) {
  return user.addGenerator({
    generator: {
      colonyname: colony.name,
      name: `g${turn}`,
      trigger: 100,
      workflowspec: JSON.stringify(workflowOf(colony, turn)),
    },
  })
}

/** Processes of this turn. */
const count = (colony: TestColony, turn: number) =>
  countRows(colony, sql`select from process_specs where label = ${`n${turn}`}`)

/** Not through the eater. */
const countRows = (colony: TestColony, statement: ReturnType<typeof sql>) => colony.db.run(statement)
