import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileDecoder, FunctionSpec, type JsonText, type ParsedFunctionSpec, State } from '@colonies/protocol'
import fc from 'fast-check'
import { checkFunctionSpec, joinSpec, writeSpec } from './function-spec.js'
import { joinOutputs } from './inputs.js'
import { fits } from './matching.js'
import { checkId, checkName } from './names.js'
import { parseCpu, parseMemory, writeMemory } from './resources.js'
import { arrows, graphState, isTerminal, mayMove, nextState, type ProcessEvent } from './states.js'

const decode = compileDecoder(FunctionSpec, { json: 'text' })
const specOf = (spec: object) => decode(JSON.stringify(spec)) as ParsedFunctionSpec

test('cpu and memory have one meaning each', () => {
  assert.equal(parseCpu('', 'cpu'), 0n)
  assert.equal(parseCpu('1500m', 'cpu'), 1500n)
  for (const [text, bytes] of [
    ['', 0n],
    ['1Ki', 1024n],
    ['2GiB', 2n ** 31n],
    ['1TiB', 2n ** 40n],
    ['1500M', 1_500_000_000n],
    ['3GB', 3_000_000_000n],
    ['7K', 7000n],
  ] as const)
    assert.equal(parseMemory(text, 'mem'), bytes, text)
  assert.equal(writeMemory(parseMemory('1500M', 'mem')), '1430Mi')
  for (const bad of ['2', '1.5', 'xm', '-1m', '1 m', '99999999999999999m'])
    assert.throws(() => parseCpu(bad, 'spec.conditions.cpu'), /spec\.conditions\.cpu must be millicores/)
  for (const bad of ['1', '1.5Gi', '1gi', 'Gi', '1constructor', '9999999999Ti'])
    assert.throws(() => parseMemory(bad, 'spec.conditions.mem'), /spec\.conditions\.mem/)
})

test('no limit is spelled in several ways, and none of them means "expired"', () => {
  for (const maxexectime of [undefined, 0, -1, -7]) {
    const checked = checkFunctionSpec(specOf({ maxexectime, maxwaittime: maxexectime }), 'spec')
    assert.deepEqual([checked.execSeconds, checked.waitSeconds], [null, null])
  }
})

test('wanted names: null, none and "*" are anybody; the same name counts once', () => {
  const wanted = (executornames: string[] | null) =>
    checkFunctionSpec(specOf({ conditions: { executornames } }), 'spec').wantedNames
  assert.deepEqual([wanted(null), wanted([]), wanted(['*'])], [null, null, null])
  assert.deepEqual(wanted(['a', 'b', 'a']), ['a', 'b'])
  assert.throws(() => wanted(['a', '']), /executornames\[1\] must not be empty/)
})

test('a bad function spec is refused with the name of its field', () => {
  for (const [spec, says] of [
    [{ priority: 50_001 }, /spec\.priority/],
    [{ funcname: 'x'.repeat(256) }, /spec\.funcname must have at most 255/],
    [{ nodename: 'a\tb' }, /spec\.nodename must not contain control/],
    [{ channels: Array.from({ length: 101 }, String) }, /spec\.channels/],
    [{ conditions: { storage: '1' } }, /spec\.conditions\.storage/],
    [{ conditions: { gpu: { mem: 'x' } } }, /spec\.conditions\.gpu\.mem/],
  ] as const)
    assert.throws(() => checkFunctionSpec(specOf(spec), 'spec'), { code: 'bad_request', message: says })
})

test('a written spec is complete and leaves the JSON of the user as it came', () => {
  const text = `{"funcname":"f","args":[1e400, 12345678901234567890 ,"\\ud800"],"kwargs":{"b":1,"a":{}},"env":{"K":"V"},
    "channels":["chat"],"conditions":{"executortype":"cli","locationname":"North","mem":"2Gi","executornames":["*"]}}`
  const written = joinSpec(writeSpec(decode(text) as ParsedFunctionSpec, 'dev'))
  assert.ok(written.includes('"args":[1e400, 12345678901234567890 ,"\\ud800"],"kwargs":{"b":1,"a":{}}'))
  assert.equal(
    written.replace(/"args":.*?"kwargs":\{"b":1,"a":\{\}\}/, ''),
    '{"nodename":"","funcname":"f",,"priority":0,"maxwaittime":0,"maxexectime":0,"maxretries":0,' +
      '"conditions":{"colonyname":"dev","executornames":[],"executortype":"cli","locationname":"North","dependencies":[],' +
      '"nodes":0,"cpu":"0m","processes":0,"processespernode":0,"mem":"2048Mi","storage":"0Mi",' +
      '"gpu":{"name":"","mem":"0Mi","count":0,"nodecount":0},"walltime":0},"label":"",' +
      '"fs":{"mount":"","snapshots":null,"dirs":null},"env":{"K":"V"},"channels":["chat"]}',
  )
})

test('joined outputs are the lists of the parents, one after another', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.jsonValue(), { maxLength: 5 }), { maxLength: 5 }), fc.nat(3), (lists, indent) => {
      const texts = lists.map((list) => ` ${JSON.stringify(list, null, indent)}\n` as JsonText)
      assert.deepEqual(JSON.parse(joinOutputs(texts)), JSON.parse(JSON.stringify(lists.flat())))
    }),
  )
  assert.equal(joinOutputs(['[1e400]', '[ ]', '[12345678901234567890]'] as JsonText[]), '[1e400,12345678901234567890]')
})

test('matching: type, names, location, cpu and memory', () => {
  const demand = { executorType: 'cli', names: null, location: '', cpu: 100n, memory: 100n }
  const offer = { type: 'cli', name: 'e1', location: '', cpu: 100n, memory: 100n }
  for (const [changes, expected] of [
    [{}, true],
    [{ executorType: 'CLI' }, false],
    [{ names: ['e2', 'e1'] }, true],
    [{ names: ['e2'] }, false],
    [{ location: 'north' }, false],
    [{ cpu: 101n }, false],
    [{ memory: 101n }, false],
  ] as const)
    assert.equal(fits({ ...demand, ...changes }, offer), expected, JSON.stringify(Object.keys(changes)))
  assert.ok(fits({ ...demand, location: 'north' }, { ...offer, location: 'north' }))
  assert.ok(fits(demand, { ...offer, location: 'north' }))
})

test('random events take no arrow that is not drawn, and an end is an end', () => {
  const events = [...new Set(arrows.map((arrow) => arrow.event))]
  fc.assert(
    fc.property(fc.array(fc.constantFrom<ProcessEvent>(...events), { maxLength: 50 }), (happened) => {
      let state: State | undefined
      for (const event of happened) {
        const next = nextState(state, event)
        if (next === undefined) continue
        assert.ok(mayMove(state, next))
        assert.ok(state === undefined || !isTerminal(state), 'a terminal state was left')
        state = next
      }
    }),
  )
})

test('the state of a graph follows from its counters', () => {
  const none = { total: 3, success: 0, failed: 0, cancelled: 0, started: false }
  assert.equal(graphState(none), State.waiting)
  assert.equal(graphState({ ...none, started: true }), State.running)
  assert.equal(graphState({ ...none, success: 1 }), State.running)
  assert.equal(graphState({ ...none, success: 3 }), State.success)
  assert.equal(graphState({ ...none, success: 2, failed: 1 }), State.failed)
  assert.equal(graphState({ ...none, cancelled: 1 }), State.cancelled)
})

test('names and ids that cannot be used say why', () => {
  for (const [name, says] of [
    ['', /must not be empty/],
    ['a:b', /colon/],
    [' a', /blank/],
    ['a\u0007', /control/],
    ['x'.repeat(256), /255/],
  ] as const)
    assert.throws(() => checkName(name, 'user.name'), { code: 'bad_request', message: says })
  checkName('Åsa / 1', 'user.name')
  assert.throws(() => checkId('A'.repeat(64), 'user.userid'), /user\.userid must be 64 lower-case hex digits/)
})
