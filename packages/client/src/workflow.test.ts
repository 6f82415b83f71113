import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidError } from './errors.js'
import { join, workflow } from './workflow.js'

const on = (executortype: string) => ({ conditions: { executortype } })

test("the paper's diamond becomes its workflow spec", () => {
  const wf = workflow('dev')
  const gen = wf.node('gen', { funcname: 'gen_nums', ...on('edge') })
  const square1 = wf.node('square1', { funcname: 'square', ...on('cloud') })
  const square2 = wf.node('square2', { funcname: 'square', ...on('cloud') })
  const sum = wf.node('sum', { funcname: 'sum', ...on('browser') })
  gen.then(square1, square2)
  join([square1, square2], sum)

  const conditions = (executortype: string, dependencies: string[]) => ({
    conditions: { executortype, colonyname: 'dev', dependencies },
  })
  assert.deepEqual(wf.spec(), {
    colonyname: 'dev',
    functionspecs: [
      { funcname: 'gen_nums', nodename: 'gen', ...conditions('edge', []) },
      { funcname: 'square', nodename: 'square1', ...conditions('cloud', ['gen']) },
      { funcname: 'square', nodename: 'square2', ...conditions('cloud', ['gen']) },
      { funcname: 'sum', nodename: 'sum', ...conditions('browser', ['square1', 'square2']) },
    ],
  })
})

test('stages chain, and nodes without names are named after their functions', () => {
  const wf = workflow('dev')
  const square = { funcname: 'square' }
  wf.node({ funcname: 'gen' })
    .then(wf.node(square), wf.node(square))
    .then(wf.node({ funcname: 'sum' }))
  assert.deepEqual(
    wf.spec().functionspecs.map(({ nodename, conditions }) => [nodename, conditions?.dependencies]),
    [
      ['gen', []],
      ['square', ['gen']],
      ['square-2', ['gen']],
      ['sum', ['square', 'square-2']],
    ],
  )
})

test('what cannot run is refused before it is submitted', () => {
  const twice = workflow('dev')
  twice.node('a', {})
  assert.throws(() => twice.node('a', {}), /a node "a" already/)

  assert.throws(() => workflow('dev').node({}).then(workflow('dev').node({})), /different workflows/)
  assert.throws(() => workflow('dev').spec(), InvalidError)

  const cycle = workflow('dev')
  const [a, b] = [cycle.node('a', {}), cycle.node('b', {})]
  a.then(b).then(a)
  assert.throws(() => cycle.spec(), /cycle/i)

  const unknown = workflow('dev')
  unknown.node('a', { conditions: { dependencies: ['nobody'] } })
  assert.throws(() => unknown.spec(), /nobody/)
})

test('a node that is awaited by mistake says so', async () => {
  const node: unknown = workflow('dev').node('a', {}) // the compiler refuses to await it as what it is
  await assert.rejects(async () => await node, /no promise/)
})
