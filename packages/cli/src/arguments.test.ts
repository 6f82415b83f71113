import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FunctionSpec } from '@colonies/protocol'
import { parseJsonList, parsePairs, parseVariables, splitList } from './arguments.js'
import { checkFields } from './check-fields.js'
import { formatJson } from './format-json.js'
import { resolveSettings } from './settings.js'

test('lists are split at commas, but not within quotes', () => {
  assert.deepEqual(splitList(['a,b', '"c,d"', '"e""f"']), ['a', 'b', 'c,d', 'e"f'])
})

test('pairs may hold addresses, and variables may hold =', () => {
  assert.deepEqual(parsePairs(['url=http://a:1/?b=c,k:v']), { url: 'http://a:1/?b=c', k: 'v' })
  assert.deepEqual(parseVariables(['A=1,OPTIONS=x=y']), { A: '1', OPTIONS: 'x=y' })
  assert.throws(() => parsePairs(['novalue']), /--kwargs takes pairs as key=value; "novalue" is none/)
})

test('JSON keeps numbers to the last digit, in and out', () => {
  const [value] = parseJsonList('[12345678901234567890]', '--args-json')
  assert.equal(value, 12345678901234567890n)
  assert.match(formatJson({ value }), /12345678901234567890/)
  assert.throws(() => parseJsonList('{}', '--args-json'), /--args-json takes a JSON array/)
})

test('an unknown field of a spec is refused, and the right name is guessed', () => {
  assert.throws(() => checkFields(FunctionSpec, { funcnam: 'f' }, 'a.json'), /funcnam.*funcname/s)
  checkFields(FunctionSpec, { funcname: 'f', conditions: { executortype: 'cli' } }, 'a.json')
})

test('flags beat variables, these beat the profile, that beats defaults', () => {
  const profile = { name: 'p', fields: { colony: 'of-profile', server: 'http://profile:1' } }
  const env = { COLONIES_COLONY_NAME: 'of-env' }
  const colonyOf = (flags: object, variables: object) =>
    resolveSettings({ flags, env: { ...variables }, profile }).colony?.value
  assert.equal(colonyOf({ colony: 'of-flag' }, env), 'of-flag')
  assert.equal(colonyOf({}, env), 'of-env')
  assert.equal(colonyOf({}, {}), 'of-profile')
  assert.deepEqual(resolveSettings({ flags: {}, env: {} }).endpoints.value, ['http://localhost:50080'])
  const byHost = resolveSettings({ flags: {}, env: { COLONIES_SERVER_HOST: 'x', COLONIES_SERVER_PORT: '7' }, profile })
  assert.deepEqual(byHost.endpoints.value, ['https://x:7'])
})

test('what is no key is refused without being shown', () => {
  assert.throws(
    () => resolveSettings({ flags: {}, env: { COLONIES_PRVKEY: 'secret' } }),
    (error: Error) => error.message.includes('COLONIES_PRVKEY') && !error.message.includes('secret'),
  )
})
