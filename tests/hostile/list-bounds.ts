import assert from 'node:assert/strict'
import { sql } from '@colonies/database'
import { limits, State } from '@colonies/protocol'
import { type Bounds, many } from './bench.js'

const spec = (colonyname: string, changes: object = {}) => ({
  spec: { funcname: 'f', ...changes, conditions: { colonyname, executortype: 'cli' } },
})

/** What lists have, and what is read at once of one process or graph. */
export const listBounds = {
  async listBytesMax({ db, colonyname, scene, allowed, refused }) {
    await allowed('user', 'submitbatchmsg', { colonyname, items: many(100, () => spec('')) })
    await db.run(sql`
      update process_specs set spec = spec || repeat(' ', 1000000)
      where colony = (select colony_key from colonies where name = ${colonyname})`)
    assert.equal(
      await refused('user', 'getprocessesmsg', { colonyname, count: 100 }),
      '413 These 100 processes have more than 67108864 bytes: ask for 67 at once',
    )
    assert.equal((await scene.clients.user.getProcessHistory({ colonyname, seconds: 1_000 })).length, 67)
    await allowed('user', 'getprocessesmsg', { colonyname, count: 67 })
  },

  async inputBytesMax({ db, colonyname, scene, allowed }) {
    const { ada } = scene.clients
    const conditions = { executortype: 'cli' }
    const children = ['b', 'c'].map((nodename) => ({ nodename, conditions: { ...conditions, dependencies: ['a'] } }))
    const functionspecs = [{ nodename: 'a', conditions }, ...children]
    await allowed('user', 'submitworkflowspecmsg', { spec: { colonyname, functionspecs } })
    const assign = () => ada.assign({ colonyname, timeout: -1 })
    const { processid } = await assign()
    await ada.closeSuccessful({ processid })
    const putOut = (bytes: number) =>
      db.run(
        sql`update results set output = '["' || repeat('x', ${bytes - 4}::int) || '"]' where process_id = ${processid}`,
      )
    await putOut(limits.inputBytesMax)
    const input = (await assign()).in
    assert.ok(Array.isArray(input) && input.length === 1)
    await putOut(limits.inputBytesMax + 1)
    await assert.rejects(assign(), { code: 'none_available' })
    const [failed] = await scene.clients.user.getProcesses({ colonyname, state: State.failed, count: 1 })
    assert.match(failed?.errors[0] ?? '', /outputs of its parents have more than 67108864 bytes/)
  },

  async historyCountMax({ colonyname, scene, allowed }) {
    const items = many(500, () => spec(''))
    for (const part of [items, items, items.slice(0, 1)])
      await allowed('user', 'submitbatchmsg', { colonyname, items: part })
    const history = { colonyname, seconds: 1_000, state: 0 }
    const first = await scene.clients.user.getProcessHistory(history)
    assert.equal(first.length, 1_000)
    const after = first.at(-1)?.processid ?? ''
    assert.equal((await scene.clients.user.getProcessHistory({ ...history, after })).length, 1)
  },

  async directoryCountMax({ db, colonyname, scene }) {
    await db.run(sql`
      insert into locations (colony, location_id, name)
      select colony_key, '', 'location' || lpad(n::text, 6, '0') from colonies, generate_series(1, 10001) n
      where colonies.name = ${colonyname}`)
    const first = await scene.clients.user.getLocations({ colonyname })
    assert.equal(first.length, 10_000)
    const after = first.at(-1)?.name ?? ''
    assert.equal((await scene.clients.user.getLocations({ colonyname, after })).length, 1)
  },

  async attributesMax({ db, colonyname, scene, refused }) {
    const processid = await scene.held()
    await db.run(sql`
      insert into attributes (colony, process_id, attribute_id, attribute_type, key, value)
      select colony_key, ${processid}, 'a' || n, 1, 'a' || n, '' from colonies, generate_series(1, 10000) n
      where colonies.name = ${colonyname}`)
    const attribute = { targetid: processid, attributetype: 1, key: 'k', value: 'v' }
    assert.equal(
      await refused('ada', 'addattributemsg', { attribute }),
      '429 A process has at most 10000 attributes, of 20971520 bytes together',
    )
    const env = Object.fromEntries(many(10_001, (place) => [`E${place}`, 'x']))
    assert.equal(
      await refused('user', 'submitfuncspecmsg', spec(colonyname, { env })),
      '400 spec.env has more than 10000 entries',
    )
  },

  async attributeBytesMax({ scene, allowed, refused }) {
    const processid = await scene.held()
    const attribute = (key: string, bytes: number) => ({
      attribute: { targetid: processid, attributetype: 1, key, value: 'x'.repeat(bytes - 1) },
    })
    for (const key of ['a', 'b']) await allowed('ada', 'addattributemsg', attribute(key, limits.attributeBytesMax / 2))
    assert.match(
      await refused('ada', 'addattributemsg', attribute('c', 1)),
      /^429 A process has at most 10000 attributes/,
    )
  },

  async eventCountMax({ db, colonyname, scene }) {
    const processid = await scene.held()
    await db.run(sql`
      insert into events (colony, process_id, state, attempt, reason, executor_type)
      select colony_key, ${processid}, 0, 0, 'n' || n, '' from colonies, generate_series(1, 9999) n where name = ${colonyname}`)
    const first = await scene.clients.user.getProcessEvents({ processid })
    assert.equal(first.length, 10_000)
    assert.equal((await scene.clients.user.getProcessEvents({ processid, after: 10_000 })).length, 1)
    await assert.rejects(scene.clients.user.getProcessEvents({ processid, count: -1 }), { status: 400 })
  },

  async graphListNodesMax({ db, colonyname, allowed, refused }) {
    const list = { colonyname, count: 100 }
    for (let n = 0; n < 6; n += 1)
      await allowed('user', 'submitworkflowspecmsg', { spec: { colonyname, functionspecs: [{ nodename: 'a' }] } })
    await db.run(sql`
      update graphs set total = 100000 where colony = (select colony_key from colonies where name = ${colonyname})`)
    await allowed('user', 'getprocessgraphsmsg', { ...list, count: 5 })
    assert.equal(
      await refused('user', 'getprocessgraphsmsg', list),
      '413 These 6 processgraphs have more than 500000 processes: ask for 5 at once',
    )
  },

  async workflowDependenciesMax({ colonyname, refused }) {
    const parents = many(1_000, (place) => `n${place}`)
    const children = many(301, (place) => ({ nodename: `c${place}`, conditions: { dependencies: parents } }))
    const functionspecs = [...parents.map((nodename) => ({ nodename })), ...children]
    assert.equal(
      await refused('user', 'submitworkflowspecmsg', { spec: { colonyname, functionspecs } }),
      '400 The nodes of a workflow have at most 300000 dependencies together, these have 301000',
    )
  },
} satisfies Partial<Bounds>
