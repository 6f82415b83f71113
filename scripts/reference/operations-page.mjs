import { errors, operations } from '../../packages/protocol/dist/index.js'
import { examplePayload } from './example-payload.mjs'
import { fieldRows, fieldTable, namedObjects, nameOf, typeOf } from './schema-text.mjs'

/** @typedef {import('./schema-text.mjs').Schema} Schema */
/** @typedef {import('./doc-comments.mjs').Meanings} Meanings */
/** @typedef {import('../../packages/protocol/dist/index.js').AnyOperation} Operation */
/** @typedef {{ name: string, operation: Operation }} Named */

/** @type {Record<import('../../packages/protocol/dist/index.js').CallerKind, string>} */
const callers = {
  anyone: 'anybody, without a signature',
  'server-owner': 'the server owner',
  'colony-owner': 'the owner of the colony',
  'any-member': 'users and executors of the colony, also executors that wait for approval',
  member: 'users and approved executors of the colony',
  'member-or-owner': 'users and approved executors of the colony, and its owner',
  executor: 'approved executors of the colony',
  'any-key': 'the holder of any key',
}

/** @type {Record<string, string>} */
const colonies = {
  name: '',
  process: 'The colony is that of the process.',
  graph: 'The colony is that of the process graph.',
  function: 'The colony is that of the function.',
  attribute: 'The colony is that of the attribute.',
  executor: 'The colony is that of the executor.',
  blueprint: 'The colony is that of the blueprint.',
}

/** @param {Meanings} meanings @returns {string} */
export function operationsPage(meanings) {
  const groups = groupsOf(meanings)
  const all = groups.flatMap((group) => group.operations)
  return `# Operations

Made from the contracts in \`packages/protocol/src\` by \`node scripts/generate-reference.mjs\`. Each operation is a client method of
that name, and \`colonies call <payload type> '<payload>'\`. The examples are payloads as they are signed, decoded by the contract; the
method and \`colonies call\` add \`msgtype\` by themselves. A field that is not required, and is left out or null, is empty, zero or
false. Times are RFC 3339 in UTC; \`0001-01-01T00:00:00Z\` means "not yet". Ids are 64 hex digits. Any operation can also be refused
with one of the [errors of all](errors.md).

${all.length} operations: ${groups.map(({ title }) => `[${title}](#${anchorOf(title)})`).join(', ')}. At the end: [objects](#objects).

${groups.map((group) => groupText(group, meanings)).join('\n')}
## Objects

${namedObjects.map(({ name, schema }) => objectText(name, schema, meanings)).join('\n')}`
}

/** One for each file of contracts. @param {Meanings} meanings */
function groupsOf(meanings) {
  const all = /** @type {Record<string, Operation>} */ (/** @type {unknown} */ (operations))
  return meanings.sources
    .map(({ name, declarations }) => ({
      title: `${name[0]?.toUpperCase()}${name.slice(1)}`.replaceAll('-', ' '),
      operations: declarations.flatMap((declared) => {
        const operation = all[declared]
        return operation ? [{ name: declared, operation }] : []
      }),
    }))
    .filter((group) => group.operations.length > 0)
}

/** @param {{ title: string, operations: Named[] }} group @param {Meanings} meanings */
function groupText({ title, operations: members }, meanings) {
  const rows = members.map(
    ({ name, operation: { payloadtype, summary } }) =>
      `| [\`${name}\`](#${anchorOf(name)}) | \`${payloadtype}\` | ${summary} |`,
  )
  return `## ${title}

| Method | Payload type | What it does |
|---|---|---|
${rows.join('\n')}

${members.map((member) => operationText(member, meanings)).join('\n')}`
}

/** @param {Named} named @param {Meanings} meanings */
function operationText({ name, operation }, meanings) {
  const { payloadtype, replytype, summary, caller, transport, repeatable, input, output } = operation
  const { text: payload, by } = examplePayload(operation)
  const facts = [
    `Payload type \`${payloadtype}\`${replytype === payloadtype ? '' : `, reply \`${replytype}\``}, client method \`${name}\`.`,
    `For ${callers[caller]}.`,
    by === undefined ? '' : colonies[by],
    transport === 'websocket' ? 'Asked for on `/pubsub`, answered with frames.' : '',
    repeatable
      ? 'May be repeated: asking again after a lost reply changes nothing more.'
      : 'Not to be repeated blindly after a lost reply.',
  ]
  const parts = [
    `### ${name}`,
    summary,
    facts.filter(Boolean).join(' '),
    fieldTable(fieldRows(input, (field) => meanings.of(name, field))) || 'It takes nothing.',
    `\`\`\`json\n${payload}\n\`\`\``,
    outputText(name, output, meanings),
    errorText(operation),
  ]
  return `${parts.filter(Boolean).join('\n\n')}\n`
}

/** @param {string} name @param {Schema} output @param {Meanings} meanings */
function outputText(name, output, meanings) {
  const inner = output.type === 'array' ? output.items : output
  const gives = `Gives ${typeOf(output)}.`
  if (!inner?.properties || nameOf(inner)) return gives
  const rows = fieldRows(inner, (field) => meanings.of(name, field))
  return rows.length === 0 ? gives : `${gives}\n\n${fieldTable(rows).replace('| Required |', '| Always there |')}`
}

/** @param {Operation} operation */
function errorText(operation) {
  const rows = operation.errors.map(
    (code) => `| [\`${code}\`](errors.md) | ${errors[code].status} | ${errors[code].says} |`,
  )
  return rows.length === 0 ? '' : `| Refusal | Status | Says |\n|---|---|---|\n${rows.join('\n')}`
}

/** @param {string} name @param {Schema} schema @param {Meanings} meanings */
function objectText(name, schema, meanings) {
  const rows = fieldRows(schema, (field) => meanings.of(name, field))
  return `${[`### ${name}`, meanings.about(name), fieldTable(rows)].filter(Boolean).join('\n\n')}\n`
}

/** @param {string} title */
function anchorOf(title) {
  return title.toLowerCase().replaceAll(' ', '-')
}
