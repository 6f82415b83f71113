import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { encodeJson, type JsonValue, parseJson } from '@colonies/protocol'
import { findMisfit } from './check-schema.js'
import { SchemaError } from './keyword-values.js'
import { readSchema } from './read-schema.js'

interface Group {
  description: string
  schema: JsonValue
  tests: { description: string; data: JsonValue; valid: boolean }[]
}

const files = parseJson(
  readFileSync(new URL('../../vectors/json-schema-test-suite.json', import.meta.url), 'utf8'),
) as unknown as { file: string; groups: Group[] }[]

/** Groups whose schemas contain several documents, or lead out of theirs: refused with a sentence. */
const refusedMax = 40

test('schemas of drafts 7 and 2020-12 mean what the test suite of the standard says', () => {
  let refused = 0
  let tests = 0
  for (const { file, groups } of files) {
    for (const { description, schema, tests: cases } of groups) {
      const read = readOf(file, schema)
      if (!read) refused++
      else {
        for (const one of cases) {
          const misfit = findMisfit(read, one.data)
          assert.equal(misfit === undefined, one.valid, `${file}: ${description}: ${one.description}: ${misfit}`)
          tests++
        }
      }
    }
  }
  assert.ok(refused <= refusedMax, `${refused} groups were refused`)
  assert.ok(tests > 2000, `only ${tests} tests`)
})

/** The tests of draft 7 do not name their draft. */
function readOf(file: string, schema: JsonValue) {
  const named =
    file.startsWith('draft7/') && typeof schema === 'object' && schema !== null
      ? { $schema: 'http://json-schema.org/draft-07/schema#', ...schema }
      : schema
  try {
    return readSchema(encodeJson(named))
  } catch (error) {
    assert.ok(error instanceof SchemaError, String(error))
    assert.match(error.message, /which is not in this schema|which only the whole schema|what is not in this schema/)
    return undefined
  }
}
