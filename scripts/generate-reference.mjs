// Writes docs/reference/{operations,errors,limits}.md from the contracts alone; with --check, says whether they are fresh.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errors, limits, operations } from '../packages/protocol/dist/index.js'
import { root } from './source-files.mjs'

/**
 * A contract, and the part of JSON Schema that contracts use.
 *
 * @typedef {import('../packages/protocol/dist/index.js').AnyOperation} Operation
 * @typedef {{ type?: string, format?: string, nullable?: boolean, nullWhenEmpty?: boolean, required?: string[], items?: Schema,
 *   properties?: Record<string, Schema>, patternProperties?: Record<string, Schema> }} Schema
 */

/** @type {Record<string, string>} */
const callers = {
  anyone: 'anybody; no signature is needed',
  'server-owner': 'the server owner',
  'colony-owner': 'the owner of the colony',
  'any-member': 'users and executors of the colony, also those that wait for approval',
  member: 'users and approved executors of the colony',
  executor: 'approved executors of the colony',
  'any-key': 'the holder of any key',
}

const pages = {
  'operations.md': operationsPage(),
  'errors.md': errorsPage(),
  'limits.md': limitsPage(),
}

const stale = Object.entries(pages).filter(([name, text]) => textOf(name) !== text)
if (process.argv.includes('--check')) {
  for (const [name] of stale)
    console.error(`docs/reference/${name} is not what the contracts say: run node scripts/generate-reference.mjs`)
  process.exitCode = stale.length > 0 ? 1 : 0
} else {
  mkdirSync(join(root, 'docs/reference'), { recursive: true })
  for (const [name, text] of stale) writeFileSync(join(root, 'docs/reference', name), text)
  console.log(`${Object.keys(pages).length} pages, ${stale.length} of them new`)
}

/** @param {string} name */
function textOf(name) {
  try {
    return readFileSync(join(root, 'docs/reference', name), 'utf8')
  } catch {
    return undefined
  }
}

function operationsPage() {
  /** @type {[string, Operation][]} */
  const all = Object.entries(/** @type {Record<string, Operation>} */ (/** @type {unknown} */ (operations)))
  all.sort(([a], [b]) => a.localeCompare(b))
  const contents = all.map(
    ([name, { payloadtype, summary }]) => `| [\`${name}\`](#${name.toLowerCase()}) | \`${payloadtype}\` | ${summary} |`,
  )
  return `# Operations

Made from the contracts in \`packages/protocol/src\` by \`node scripts/generate-reference.mjs\`. Any of them can be called as
\`colonies call <payload type> '<input as JSON>'\` and as the client method of that name.

| Method | Payload type | What it does |
|---|---|---|
${contents.join('\n')}

${all.map(([name, operation]) => operationText(name, operation)).join('\n')}`
}

/**
 * @param {string} name
 * @param {Operation} operation
 */
function operationText(name, operation) {
  const { payloadtype, replytype, summary, caller, transport, repeatable, input, output } = operation
  const facts = [
    `Payload type \`${payloadtype}\`${replytype === payloadtype ? '' : `, reply \`${replytype}\``}.`,
    `For ${callers[caller]}.`,
    transport === 'websocket' ? 'On `/pubsub`; answers with frames.' : '',
    repeatable ? 'Asking again after a lost reply changes nothing more.' : '',
  ]
  const rows = fieldRows(input)
  return `## ${name}

${summary}

${facts.filter(Boolean).join(' ')}

${rows.length === 0 ? 'It takes nothing.' : `| Field | Type | |\n|---|---|---|\n${rows.join('\n')}`}

Gives ${typeOf(output)}.${operation.errors.length > 0 ? ` Refusals of its own: ${operation.errors.map((/** @type {string} */ code) => `[\`${code}\`](errors.md)`).join(', ')}.` : ''}
`
}

/**
 * Rows of the fields of an object, those of objects in it with their path.
 *
 * @param {Schema} schema
 * @returns {string[]}
 */
function fieldRows(schema, path = '') {
  const required = new Set(schema.required ?? [])
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const here = `${path}${name}`
    const row = `| \`${here}\` | ${typeOf(field)} | ${required.has(name) ? '' : 'may be left out'} |`
    const inner =
      field.type === 'array' ? { schema: field.items, path: `${here}[].` } : { schema: field, path: `${here}.` }
    return [row, ...(inner.schema?.properties ? fieldRows(inner.schema, inner.path) : [])]
  })
}

/**
 * @param {Schema | undefined} schema
 * @returns {string}
 */
function typeOf(schema) {
  if (schema === undefined) return 'anything'
  const orNull = schema.nullable ? ', or null' : ''
  if (schema.format === 'user-json')
    return `any JSON ${schema.type === 'array' ? 'list' : 'object'}, kept as it comes${orNull}`
  if (schema.type === 'array')
    return `list of ${typeOf(schema.items)}${schema.nullWhenEmpty ? ' (null when empty)' : ''}${orNull}`
  if (schema.format === 'int64') return `integer of 64 bits${orNull}`
  if (schema.format === 'date-time') return `time${orNull}`
  if (schema.patternProperties) return `object of ${typeOf(Object.values(schema.patternProperties)[0])}${orNull}`
  if (schema.type === 'object') {
    const names = Object.keys(schema.properties ?? {})
    return names.length === 0 ? 'an empty object' : `object: ${names.map((name) => `\`${name}\``).join(', ')}${orNull}`
  }
  return `${schema.type === 'string' ? 'text' : schema.type}${orNull}`
}

function errorsPage() {
  const rows = Object.entries(errors).map(
    ([code, { status, says, retry }]) => `| \`${code}\` | ${status} | ${says} | ${retry ? 'yes' : 'no'} |`,
  )
  return `# Errors

Made from \`packages/protocol/src/errors.ts\` by \`node scripts/generate-reference.mjs\`. A refusal carries status, code and a sentence that
names field and way out; the sentence here is the general one.

| Code | Status | Means | Worth asking again |
|---|---|---|---|
${rows.join('\n')}
`
}

function limitsPage() {
  const source = readFileSync(join(root, 'packages/protocol/src/limits.ts'), 'utf8')
  const rows = [...source.matchAll(/\/\*\* ([^*]+?) \*\/\n\s+(\w+):/g)].map(
    ([, meaning = '', name = '']) =>
      `| \`${name}\` | ${Number(/** @type {Record<string, number>} */ (limits)[name])
        .toLocaleString('en-US')
        .replaceAll(',', ' ')} | ${meaning} |`,
  )
  return `# Limits

Made from \`packages/protocol/src/limits.ts\` by \`node scripts/generate-reference.mjs\`. What goes over one is refused with a sentence that names
the field and the limit.

| Limit | Is | Means |
|---|---|---|
${rows.join('\n')}
`
}
