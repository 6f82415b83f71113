import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { findMisfit, readSchema, SchemaError } from '@colonies/core'
import { encodeJson, type JsonValue, parseJson } from '@colonies/protocol'
import { cacheFolder, pythonWithColonies } from './pycolonies.js'
import { runWell } from './run.js'

interface Group {
  description: string
  schema: JsonValue
  tests: { description: string; data: JsonValue; valid: boolean }[]
}

/** The source of this package on PyPI has the test suite of the standard in it. */
const published = 'jsonschema==4.23.0'
const drafts = ['draft7', 'draft2020-12']
/** About several documents, about vocabularies, and about `format`, which is not checked. */
const leftOut = new Set(['refRemote.json', 'dynamicRef.json', 'vocabulary.json', 'format.json', 'default-format.json'])
/** Groups whose schemas contain several documents, or lead out of theirs: refused with a sentence. */
const refusedMax = 40

test('schemas of drafts 7 and 2020-12 mean what the test suite of the standard says', async () => {
  let refused = 0
  let tests = 0
  for await (const { file, groups } of suiteFiles()) {
    for (const { description, schema, tests: cases } of groups) {
      const read = readOf(file, schema)
      if (!read) {
        refused++
        continue
      }
      for (const one of cases) {
        const misfit = findMisfit(read, one.data)
        assert.equal(misfit === undefined, one.valid, `${file}: ${description}: ${one.description}: ${misfit}`)
        tests++
      }
    }
  }
  assert.ok(refused <= refusedMax, `${refused} groups were refused`)
  assert.ok(tests > 1700, `only ${tests} tests`)
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

async function* suiteFiles(): AsyncGenerator<{ file: string; groups: Group[] }> {
  const folder = await suiteFolder()
  for (const draft of drafts) {
    for (const name of (await readdir(join(folder, draft))).filter((one) => one.endsWith('.json') && !leftOut.has(one)))
      yield {
        file: `${draft}/${name}`,
        groups: parseJson(await readFile(join(folder, draft, name), 'utf8')) as unknown as Group[],
      }
  }
}

/** Fetched once; kept between runs. */
async function suiteFolder(): Promise<string> {
  const folder = join(cacheFolder, 'json-schema')
  const tests = join(folder, 'json', 'tests')
  if (existsSync(tests)) return tests
  const unfinished = `${folder}-${process.pid}`
  await mkdir(unfinished, { recursive: true })
  const download = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps']
  const source = ['--no-binary', 'jsonschema', '--dest', unfinished, published]
  await runWell(await pythonWithColonies(), [...download, ...source])
  const [archive = ''] = await readdir(unfinished)
  await runWell('tar', ['-xzf', join(unfinished, archive), '-C', unfinished, '--strip-components', '1'])
  await rm(folder, { recursive: true, force: true })
  await rename(unfinished, folder)
  return tests
}
