import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBlueprint } from './blueprint-files.js'
import type { Io } from './io.js'
import { readFunctionSpec, readWorkflowSpec } from './spec-file.js'

const options = { file: '-', lenient: false, colonyname: 'dev' }

function inputOf(text: string): Io {
  const sink = { write: () => {} }
  return {
    env: {},
    stdout: sink,
    stderr: sink,
    profilesFile: '',
    openInput: () => [text],
    ask: async () => undefined,
  }
}

test('YAML and JSON give the same spec; limits that are absent or zero are none, and the colony is filled in', async () => {
  const yaml = 'funcname: f\nargs: [1, 12345678901234567890]\nmaxexectime: 0\nconditions: {executortype: cli}\n'
  const json = '{"funcname":"f","args":[1,12345678901234567890],"conditions":{"executortype":"cli","colonyname":"dev"}}'
  const expected = {
    funcname: 'f',
    args: [1, 12345678901234567890n],
    maxwaittime: -1,
    maxexectime: -1,
    conditions: { executortype: 'cli', colonyname: 'dev' },
  }
  assert.deepEqual(await readFunctionSpec(options, inputOf(yaml)), expected)
  assert.deepEqual(await readFunctionSpec(options, inputOf(json)), expected)
})

test('a file that cannot be meant is refused with what is wrong and the way out', async () => {
  const refusals: readonly [text: string, sentence: RegExp][] = [
    ['', /is empty/],
    ['funcname: [a', /neither JSON nor YAML: .* at line 1, column 13/],
    ['{\n  "funcname": "f"\n  "args": []\n}', /is no JSON: unexpected .*, expected ',' or '}' at line 3, column 3/],
    ['[]', /holds a workflow: use `colonies workflow submit`/],
    ['{"functionspecs":[]}', /holds a workflow/],
    ['"text"', /must hold an object/],
    ['{"funcnam":"f"}', /"funcnam" \(did you mean funcname\?\).*--lenient/],
    ['{"fs":{"snapshots":[{"keepsnaphot":true}]}}', /"fs.snapshots\[0\].keepsnaphot" \(did you mean keepsnapshot\?\)/],
    ['{"conditions":{"processes-per-node":1}}', /did you mean processespernode/],
    ['{"funcname":"f","conditions":{"executornames":["ada"]}}', /who may run it: set "conditions": {"executortype"/],
    ['{"kwargs":{"anything":{"goes":1}},"env":{"ANY":"thing"},"bogus":1}', /unknown field "bogus"\./],
  ]
  for (const [text, sentence] of refusals) await assert.rejects(readFunctionSpec(options, inputOf(text)), sentence)
  await assert.rejects(readFunctionSpec({ ...options, file: '/no/such/file' }, inputOf('')), /there is no such file/)
  assert.ok(
    await readFunctionSpec(
      { ...options, lenient: true },
      inputOf('{"funcnam":"f","conditions":{"executortype":"cli"}}'),
    ),
  )
})

test('a file that is for another colony is refused, wherever it says so', async () => {
  const node = (colonyname: string) =>
    `{"nodename":"a","funcname":"f","conditions":{"executortype":"cli","colonyname":"${colonyname}"}}`
  const sentence = /^UsageError: Standard input is for the colony other, .* goes to dev: add --colony other, or leave/
  await assert.rejects(readFunctionSpec(options, inputOf(node('other'))), sentence)
  await assert.rejects(readWorkflowSpec(options, inputOf(`[${node('')},${node('other')}]`)), sentence)
  const workflow = `{"colonyname":"other","functionspecs":[${node('dev')}]}`
  await assert.rejects(readWorkflowSpec(options, inputOf(workflow)), sentence)
  const blueprint = '{"kind":"Web","metadata":{"name":"web","colonyname":"other"},"spec":{}}'
  await assert.rejects(readBlueprint(options, inputOf(blueprint)), sentence)
})

test('a workflow is a bare array or has functionspecs, and is checked before it is sent', async () => {
  const nodes = '[{"nodename":"a","funcname":"f","conditions":{"executortype":"cli"}}]'
  for (const text of [nodes, `{"functionspecs":${nodes}}`]) {
    const { colonyname, functionspecs } = await readWorkflowSpec(options, inputOf(text))
    assert.deepEqual([colonyname, functionspecs.length, functionspecs[0]?.maxexectime], ['dev', 1, -1])
  }
  const refusals: readonly [text: string, sentence: RegExp][] = [
    ['{"funcname":"f"}', /One function spec is for `colonies function submit`/],
    ['[1]', /Item 0 of the workflow .* is no object/],
    ['[{"nodename":"a","conditions":{"dependencies":["b"]}}]', /depends on b/],
    ['[{"nodename":"a"}]', /Node a in Standard input does not say who may run it/],
    ['[{"nodename":"a","dependson":["b"]}]', /\[0\]\.dependson/],
  ]
  for (const [text, sentence] of refusals) await assert.rejects(readWorkflowSpec(options, inputOf(text)), sentence)
})
