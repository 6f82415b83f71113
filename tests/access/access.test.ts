import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sign } from '@colonies/identity'
import { type AnyOperation, operations, writeRequest } from '@colonies/protocol'
import { type TestColony, testColony } from '@colonies/testkit'
import { accessTable, type Column, columns, type Row } from './access-table.js'
import { type Asker, plausibleRequests } from './plausible-requests.js'
import { freshId, makeElsewhere, makeScene, type Scene } from './scene.js'
import { type Answer, envelopeOf, payloadOf, send } from './send.js'
import { tableChecksums } from './table-checksums.js'

/** Somebody who stands for a column. */
interface Caller {
  name: string
  asker: Asker
  /** @returns the envelope as this caller sends it */
  sign(payloadtype: string, payload: object): string
}

const contracts = new Map(
  Object.values(operations as Record<string, AnyOperation>).map((operation) => [operation.payloadtype, operation]),
)

test('every operation has a row in the access table, and a request to try it with', () => {
  const known = [...contracts.keys()].sort()
  assert.deepEqual(accessTable.map(({ payloadtype }) => payloadtype).sort(), known)
  assert.deepEqual(Object.keys(plausibleRequests).sort(), known)
})

test('who may not is refused and has changed nothing, who may is served', async (t) => {
  const server = await testColony(t)
  const elsewhere = await makeElsewhere(server)
  for (const row of accessTable) {
    await t.test(row.payloadtype, async () => {
      const scene = await makeScene(server, elsewhere)
      await refuses(server, row, scene)
      await serves(server, row, scene)
    })
  }
})

async function refuses(server: TestColony, row: Row, scene: Scene): Promise<void> {
  const requests: { name: string; expected: string; envelope: string }[] = []
  for (const column of columns) {
    const expected = row.cells[column]
    if (expected === 'ok') continue
    for (const { name, asker, sign } of callersOf(column, scene)) {
      const envelope = sign(row.payloadtype, await requestOf(row, scene, asker))
      requests.push({ name, expected, envelope })
    }
  }
  const before = await tableChecksums(server.db)
  for (const { name, expected, envelope } of requests) {
    const answer = await send(server.url, envelope, transportOf(row))
    assert.equal(outcomeOf(answer), expected, `${row.payloadtype} by ${name}: ${answer.message}`)
    if (expected === '403') assert.ok(['not_allowed', 'bad_signature', 'lease_lost'].includes(answer.code), answer.code)
  }
  assert.deepEqual(await tableChecksums(server.db), before)
}

async function serves({ url }: TestColony, row: Row, scene: Scene): Promise<void> {
  for (const column of columns.filter((one) => row.cells[one] === 'ok')) {
    for (const { name, asker, sign } of callersOf(column, scene)) {
      const answer = await send(url, sign(row.payloadtype, await requestOf(row, scene, asker)), transportOf(row))
      assert.equal(outcomeOf(answer), 'ok', `${row.payloadtype} by ${name}: ${answer.message}`)
    }
  }
}

test('who is no member learns nothing of what there is', async (t) => {
  const server = await testColony(t)
  const elsewhere = await makeElsewhere(server)
  const scene = await makeScene(server, elsewhere)
  for (const row of accessTable) {
    const there = JSON.stringify(await requestOf(row, scene, 'ada'))
    for (const column of ['other', 'stranger', 'owner'] as const) {
      if (row.cells[column] === 'ok') continue
      for (const { name, sign } of callersOf(column, scene)) {
        // The owner of this colony knows that it exists, so it asks for something in a colony that it does not own.
        const { text, renamed } = replaced(there, column === 'owner' ? [] : [scene.name, '"ada"', '"me"'])
        const [first, second] = await Promise.all(
          [there, text].map((payload) =>
            send(server.url, sign(row.payloadtype, JSON.parse(payload)), transportOf(row)),
          ),
        )
        assert.ok(first && second)
        assert.deepEqual({ ...second, message: renamed(second.message) }, first, `${row.payloadtype} by ${name}`)
      }
    }
  }
})

/** The same request about things that do not exist. `renamed` undoes it in a sentence. */
function replaced(text: string, names: readonly string[]) {
  const ids = text.match(/[0-9a-f]{64}/g) ?? []
  const pairs = [
    ...[...new Set(ids)].map((id) => [id, freshId()] as const),
    ...names.map((name) => [name, name.replace(/\w+/, 'nobody')] as const),
  ]
  return {
    text: pairs.reduce((result, [from, to]) => result.replaceAll(from, to), text),
    renamed: (sentence: string) => pairs.reduce((result, [from, to]) => result.replaceAll(to, from), sentence),
  }
}

async function requestOf({ payloadtype }: Row, scene: Scene, asker: Asker): Promise<object> {
  return (await plausibleRequests[payloadtype]?.(scene, asker)) ?? assert.fail(`there is no request ${payloadtype}`)
}

function transportOf({ payloadtype }: Row) {
  return contracts.get(payloadtype)?.transport ?? 'http'
}

function outcomeOf({ status, payload }: Answer): string {
  if (status !== 200) return String(status)
  const refusedItem = Array.isArray(payload) && payload[0]?.status === 403
  return refusedItem ? 'item' : 'ok'
}

function callersOf(column: Column, { keys, elsewhere, name }: Scene): Caller[] {
  const holder = (who: string, key: string, asker: Asker = 'ada'): Caller => ({
    name: who,
    asker,
    sign: (payloadtype, payload) => envelopeOf(payloadtype, payload, key),
  })
  const withSignature = (who: string, signature: string): Caller => ({
    name: who,
    asker: 'ada',
    sign: (payloadtype, payload) => writeRequest(payloadtype, payloadOf(payloadtype, payload), signature),
  })
  const signatureOfAda = sign(payloadOf('getcolonymsg', { colonyname: `not ${name}` }), keys.ada)
  const callers: Record<Column, Caller[]> = {
    nobody: [
      withSignature('somebody who does not sign', ''),
      withSignature('somebody whose signature is not hex', 'z'.repeat(130)),
      withSignature('somebody whose signature is on no curve', 'f'.repeat(130)),
      withSignature('somebody with the signature of another request', signatureOfAda),
    ],
    server: [holder('the server owner', keys.server)],
    owner: [holder('the colony owner', keys.owner)],
    approved: [holder('an approved executor', keys.ada)],
    pending: [holder('a pending executor', keys.pending, 'pending')],
    rejected: [
      holder('a rejected executor', keys.rejected, 'rejected'),
      holder('a removed executor', keys.removed, 'removed'),
    ],
    user: [holder('a user', keys.user)],
    other: [
      holder('an executor of another colony', elsewhere.executor),
      holder('a user of another colony', elsewhere.user),
    ],
    stranger: [holder('a stranger', keys.stranger), holder('the owner of another colony', elsewhere.owner)],
  }
  return callers[column]
}
