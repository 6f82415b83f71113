import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './source-files.mjs'
import { runNode, shown } from './steps.mjs'

// `npm run check`: all that can be said about a change in under a minute, without PostgreSQL. CI runs the same, but with
// `--but-tests`: there `npm test` has the fast ones, too.

const generator = 'scripts/generate-reference.mjs'

/** The linter reads declarations that the compiler writes, and tests run what it compiled; so it comes first. */
const first = { name: 'install, compile', parameters: ['scripts/set-up.mjs'] }

const others = [
  {
    name: 'format, lint',
    parameters: ['node_modules/@biomejs/biome/bin/biome', 'ci', '--colors=off', '--max-diagnostics=30', '.'],
  },
  { name: 'imports', parameters: ['scripts/check-imports.mjs'] },
  { name: 'promises', parameters: ['scripts/check-promises.mjs'] },
  { name: 'sources', parameters: ['scripts/check-sources.mjs'] },
  { name: 'configuration', parameters: ['scripts/check-configuration.mjs'] },
  ...(existsSync(join(root, generator)) ? [{ name: 'generated pages', parameters: [generator, '--check'] }] : []),
  ...(process.argv.includes('--but-tests') ? [] : [{ name: 'fast tests', parameters: ['scripts/test.mjs', 'fast'] }]),
]

await main()

async function main() {
  const started = performance.now()
  const results = [await perform(first), ...(await Promise.all(others.map(perform)))]
  for (const { name, code, output } of results) {
    if (code !== 0) console.log(`\n── ${name} ──\n${output.trimEnd()}`)
  }
  console.log('')
  for (const { name, code, result, seconds } of results) {
    console.log(`${code === 0 ? '✔' : '✖'} ${name.padEnd(16)} ${shown(seconds).padStart(6)}  ${result}`)
  }
  const failed = results.filter(({ code }) => code !== 0).length
  const verdict = failed ? `${failed} of ${results.length} failed` : 'all in order'
  console.log(`${verdict}, ${shown((performance.now() - started) / 1000)}`)
  process.exitCode = failed ? 1 : 0
}

/** @param {{ name: string, parameters: string[] }} step */
async function perform({ name, parameters }) {
  return { name, ...(await runNode(parameters)) }
}
