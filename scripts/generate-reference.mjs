// Writes the reference pages from the contracts, and the picture of the states; with --check, says whether they are fresh.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ExitCode, exitCodeMeanings } from '../packages/cli/dist/exit-codes.js'
import { arrows } from '../packages/core/dist/index.js'
import { errors, limits } from '../packages/protocol/dist/index.js'
import { Meanings } from './reference/doc-comments.mjs'
import { operationsPage } from './reference/operations-page.mjs'
import { withStates } from './reference/states-picture.mjs'
import { root } from './source-files.mjs'

const contracts = join(root, 'packages/protocol/src')
const folder = join(root, 'docs/reference')

const pages = {
  'operations.md': operationsPage(Meanings.read(contracts)),
  'errors.md': errorsPage(),
  'limits.md': limitsPage(),
  'exit-codes.md': exitCodesPage(),
  'database.md': withStates(textOf('database.md') ?? '', arrows),
}

const stale = Object.entries(pages).filter(([name, text]) => textOf(name) !== text)
if (process.argv.includes('--check')) {
  for (const [name] of stale)
    console.error(`docs/reference/${name} is not what the sources say: run node scripts/generate-reference.mjs`)
  process.exitCode = stale.length > 0 ? 1 : 0
} else {
  for (const [name, text] of stale) writeFileSync(join(folder, name), text)
  console.log(`${Object.keys(pages).length} pages, ${stale.length} of them new`)
}

/** @param {string} name */
function textOf(name) {
  try {
    return readFileSync(join(folder, name), 'utf8')
  } catch {
    return undefined
  }
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

function exitCodesPage() {
  const rows = Object.entries(ExitCode).map(
    ([name, code]) => `| ${code} | \`${name}\` | ${exitCodeMeanings[/** @type {keyof typeof ExitCode} */ (name)]} |`,
  )
  return `# Exit codes of the command

Made from \`packages/cli/src/exit-codes.ts\` by \`node scripts/generate-reference.mjs\`. \`colonies --help\` prints them, too.

| Code | Name | Means |
|---|---|---|
${rows.join('\n')}

Results go to standard output, all else to standard error. With \`--json\`, an error is one line, there:
\`{"error":{"code":...,"status":...,"exitcode":...,"message":...}}\`. \`code\` is the [code of the server](errors.md) when the server
refused, else the name above; \`status\` is that of HTTP, or 0.
`
}

function limitsPage() {
  const source = readFileSync(join(contracts, 'limits.ts'), 'utf8')
  // Two limits may stand below one comment.
  const rows = [...source.matchAll(/\/\*\*\s+((?:(?!\*\/).)+?)\s+\*\/\n((?: +\w+: [^\n]+,\n)+)/gs)].flatMap(
    ([, comment = '', lines = '']) => {
      const meaning = comment.replace(/\n +\* ?/g, ' ').replace(/^\* /, '')
      return [...lines.matchAll(/(\w+):/g)].map(([, name = '']) => `| \`${name}\` | ${shown(name)} | ${meaning} |`)
    },
  )
  const missing = Object.keys(limits).filter((name) => !rows.some((row) => row.startsWith(`| \`${name}\``)))
  if (missing.length > 0) throw new Error(`no comment was found for ${missing.join(', ')}`)
  return `# Limits

Made from \`packages/protocol/src/limits.ts\` by \`node scripts/generate-reference.mjs\`. What goes over one is refused with a sentence that names
the field and the limit.

| Limit | Is | Means |
|---|---|---|
${rows.join('\n')}
`
}

/** @param {string} limit a name @returns {string} with spaces between thousands */
function shown(limit) {
  return Number(/** @type {Record<string, number>} */ (limits)[limit])
    .toLocaleString('en-US')
    .replaceAll(',', ' ')
}
