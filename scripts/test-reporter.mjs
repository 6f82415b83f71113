import { relative } from 'node:path'
import { inspect } from 'node:util'
import { root } from './source-files.mjs'

const slowMs = 5000
const outputCharactersMax = 20_000

/**
 * A reporter for `node --test` that is silent about what went well: failures as they come, with what their file printed;
 * then slow tests and those that were skipped, with the reason; last the totals, as `N passed, N failed, N skipped`.
 *
 * @param {AsyncIterable<import('node:test/reporters').TestEvent>} events
 * @returns {AsyncGenerator<string>}
 */
async function* report(events) {
  /** @type {Map<string, string>} */
  const printed = new Map()
  /** @type {Map<string, number>} */
  const totals = new Map()
  /** @type {Set<string>} */
  const failedFiles = new Set()
  /** @type {string[]} */
  const slow = []
  /** @type {string[]} */
  const skipped = []
  for await (const { type, data } of events) {
    if (type === 'test:stdout' || type === 'test:stderr') {
      const text = (printed.get(data.file) ?? '') + data.message
      printed.set(data.file, text.slice(-outputCharactersMax))
    } else if (type === 'test:fail') {
      if (data.file) failedFiles.add(data.file)
      yield failure(data)
    } else if (type === 'test:pass') {
      const { duration_ms: ms } = data.details
      if (ms >= slowMs) slow.push(`slow: ${(ms / 1000).toFixed(1)} s, ${data.name} (${shown(data.file)})\n`)
      if (data.skip) skipped.push(skip(data))
    } else if (type === 'test:diagnostic' && data.nesting === 0) {
      const [, name = '', count = ''] = /^(\w+) ([\d.]+)$/.exec(data.message) ?? []
      totals.set(name, Number(count))
    }
  }
  for (const file of failedFiles) {
    const text = printed.get(file)
    if (text) yield `\n${shown(file)} printed:\n${text}\n`
  }
  yield* slow
  yield* skipped
  const failed = (totals.get('fail') ?? 0) + (totals.get('cancelled') ?? 0)
  const seconds = ((totals.get('duration_ms') ?? 0) / 1000).toFixed(1)
  yield `${totals.get('pass') ?? 0} passed, ${failed} failed, ${totals.get('skipped') ?? 0} skipped in ${seconds} s\n`
}

/** @param {Extract<import('node:test/reporters').TestEvent, { type: 'test:fail' }>['data']} test */
function failure({ name, file, details: { error } }) {
  // A test that failed by those inside it says nothing new.
  if ('failureType' in error && error.failureType === 'subtestsFailed') return ''
  return `\n✖ ${name} (${shown(file)})\n${inspect(error.cause ?? error, { breakLength: 120 })}\n`
}

/** @param {Extract<import('node:test/reporters').TestEvent, { type: 'test:pass' }>['data']} test */
function skip({ name, file, skip: reason }) {
  return `skipped: ${name} (${shown(file)})${typeof reason === 'string' && reason ? `: ${reason}` : ''}\n`
}

/** @param {string | undefined} file */
function shown(file) {
  return file ? relative(root, file) : 'no file'
}

// biome-ignore lint/style/noDefaultExport: node --test asks for one
export default report
