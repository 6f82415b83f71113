import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileDecoder, type ParsedWorkflowSpec, WorkflowSpec } from '@colonies/protocol'
import fc from 'fast-check'
import { planWorkflow } from './workflow.js'

const decode = compileDecoder(WorkflowSpec, { json: 'text' })

/** @param nodes names and what they depend on */
function specOf(nodes: readonly (readonly [name: string, dependencies: readonly string[]])[]): ParsedWorkflowSpec {
  const functionspecs = nodes.map(([nodename, dependencies]) => ({
    nodename,
    funcname: 'f',
    conditions: { executortype: 'cli', dependencies },
  }))
  return decode(JSON.stringify({ colonyname: 'dev', functionspecs })) as ParsedWorkflowSpec
}

test('a diamond has one root, and parents in the order of the dependencies', () => {
  const plan = planWorkflow(
    specOf([
      ['a', []],
      ['b', ['a']],
      ['c', ['a']],
      ['d', ['c', 'b', 'c']],
    ]),
  )
  assert.deepEqual(plan.roots, [0])
  assert.deepEqual(plan.nodes[3]?.parents, [2, 1])
  assert.deepEqual(plan.nodes[0]?.children, [1, 2])
})

for (const [what, nodes, says] of [
  ['no node', [], /at least one node/],
  ['a node without a name', [['', []]], /Nodename is missing.*functionspecs\[0\]/],
  [
    'two nodes of one name',
    [
      ['a', []],
      ['a', []],
    ],
    /Duplicate nodename: a/,
  ],
  ['an unknown dependency', [['a', ['z']]], /Node a depends on z/],
  ['a node that depends on itself', [['a', ['a']]], /cycle: a -> a/],
  [
    'a cycle',
    [
      ['r', []],
      ['a', ['c']],
      ['b', ['a']],
      ['c', ['b', 'r']],
    ],
    /cycle: (a -> b -> c -> a|b -> c -> a -> b|c -> a -> b -> c)/,
  ],
] as const) {
  test(`a workflow with ${what} is refused`, () => {
    assert.throws(() => planWorkflow(specOf(nodes)), { code: 'bad_request', message: says })
  })
}

test('a bad value is refused with the place of its node', () => {
  const spec = specOf([
    ['a', []],
    ['b', ['a']],
  ])
  const bad = { ...spec, functionspecs: spec.functionspecs.map((f, i) => (i === 1 ? { ...f, priority: 60_000 } : f)) }
  assert.throws(() => planWorkflow(bad), /spec\.functionspecs\[1\]\.priority/)
})

test('a chain of 100 000 nodes is planned', () => {
  const plan = planWorkflow(
    specOf(Array.from({ length: 100_000 }, (_, n) => [`n${n}`, n === 0 ? [] : [`n${n - 1}`]] as const)),
  )
  assert.deepEqual(plan.nodes[99_999]?.parents, [99_998])
})

/** A random graph without cycles: each node depends on some of those before it; then shuffled. */
const dags = fc.array(fc.array(fc.nat(1_000), { maxLength: 4 }), { minLength: 1, maxLength: 30 }).chain((picks) => {
  const nodes = picks.map((parents, n) => {
    const names = n === 0 ? [] : parents.map((pick) => `n${pick % n}`)
    return [`n${n}`, [...new Set(names)]] as const
  })
  return fc.shuffledSubarray(nodes, { minLength: nodes.length, maxLength: nodes.length })
})

test('graphs without cycles are accepted, with the parents and children that were named', () => {
  fc.assert(
    fc.property(dags, (nodes) => {
      const plan = planWorkflow(specOf(nodes))
      const nameOf = (index: number) => nodes[index]?.[0]
      plan.nodes.forEach((node, index) => {
        assert.deepEqual(node.parents.map(nameOf), nodes[index]?.[1])
        for (const child of node.children) assert.ok(nodes[child]?.[1].includes(nameOf(index) ?? ''))
      })
      assert.deepEqual(
        plan.roots.map(nameOf),
        nodes.filter(([, dependencies]) => dependencies.length === 0).map(([name]) => name),
      )
    }),
  )
})

test('one edge back from an ancestor makes any graph refused', () => {
  fc.assert(
    fc.property(dags, fc.nat(), (nodes, pick) => {
      const withParents = nodes.filter(([, dependencies]) => dependencies.length > 0)
      const chosen = withParents[pick % Math.max(1, withParents.length)]
      fc.pre(chosen !== undefined)
      const [child, [parent]] = chosen as readonly [string, readonly string[]]
      const back = nodes.map(
        ([name, dependencies]) => [name, name === parent ? [...dependencies, child] : dependencies] as const,
      )
      assert.throws(() => planWorkflow(specOf(back)), /cycle/)
    }),
  )
})
