import { existsSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { runAnywhere } from './import-rules.mjs'
import { filesBelow, root } from './source-files.mjs'
import { runNode } from './steps.mjs'

// Runs one suite of tests; the last line has the totals.
//
//   node scripts/test.mjs [all|fast|spread|growth|compat|e2e|deploy|simulation|chaos] [words that the path of a test file has to contain]
//
// All but `fast` share one PostgreSQL: the one of COLONIES_TEST_DB_*, or an embedded one for this run.

/**
 * @typedef {{ files: () => string[], database: boolean, atOnce: number, minutesMax: number, env?: Record<string, string> }} Suite
 *   minutes for one file
 */

/** Folders of tests/ with published SDKs, and with whole programs: processes that are killed, HAProxy, a browser. */
const compatible = ['compat']
const endToEnd = ['e2e', 'paper', 'wordcount']
/** What operators copy: HAProxy, PgBouncer, systemd, Helm, backups. */
const deployed = ['deploy']
/** What is broken on purpose, and the judge of what came of it. */
const broken = ['chaos']
/** Colonies with 100 000 of each: what is timed there runs alone. */
const large = ['growth']
/** Rules and loops against a model of the database. */
const simulated = ['simulation']

/** @type {Suite} */
const all = {
  files: () => [
    ...ofPackages(),
    ...ofScripts(),
    ...below('tests').filter(
      (file) => !inFolders(file, [...compatible, ...endToEnd, ...deployed, ...broken, ...large, ...simulated]),
    ),
  ],
  database: true,
  atOnce: 2,
  minutesMax: 5,
}

/** @type {Record<string, Suite>} */
const suites = {
  all,
  fast: {
    files: () => [...ofPackages().filter(isFast), ...ofScripts()],
    database: false,
    atOnce: 2,
    minutesMax: 2,
  },
  // What goes over the wire, with each request at the next of two replicas. Who chooses the replica is left out.
  spread: {
    files: () =>
      below('tests').filter(
        (file) =>
          !inFolders(file, [
            ...compatible,
            ...endToEnd,
            ...deployed,
            ...broken,
            ...large,
            ...simulated,
            'hostile',
            'replicas',
            'scaling',
          ]),
      ),
    database: true,
    atOnce: 2,
    minutesMax: 5,
    env: { COLONIES_TEST_REPLICAS: '2' },
  },
  growth: {
    files: () => below('tests').filter((file) => inFolders(file, large)),
    database: true,
    atOnce: 2, // what seems slower is timed again
    minutesMax: 5,
  },
  compat: {
    files: () => below('tests').filter((file) => inFolders(file, compatible)),
    database: true,
    atOnce: 2, // compilers work at a low priority beside the others
    minutesMax: 15, // the first builds of the Go and Rust clients take minutes
  },
  e2e: {
    files: () => below('tests').filter((file) => inFolders(file, endToEnd)),
    database: true,
    atOnce: 2, // half of the time they wait
    minutesMax: 5,
  },
  deploy: {
    files: () => below('tests').filter((file) => inFolders(file, deployed)),
    database: true,
    atOnce: 2, // the longest one mostly waits for its cluster
    minutesMax: 5,
  },
  simulation: {
    files: () => below('tests').filter((file) => inFolders(file, simulated)),
    database: true,
    atOnce: 2,
    minutesMax: 5,
  },
  chaos: {
    files: () => below('tests').filter((file) => inFolders(file, broken)),
    database: true,
    atOnce: 2, // most of the time they wait
    minutesMax: 5,
  },
}

await main(process.argv.slice(2))

/** @param {string[]} parameters */
async function main([first = 'all', ...rest]) {
  const suite = suites[first] ?? all
  const words = first in suites ? rest : [first, ...rest]
  const files = suite.files().filter((file) => words.every((word) => file.includes(word)))
  if (files.length === 0) {
    console.log(
      `no test file below ${root} has ${words.join(' and ') || 'been written'}\n0 passed, 0 failed, 0 skipped`,
    )
    process.exitCode = words.length > 0 ? 1 : 0
    return
  }
  // On Ctrl-C the tests end by themselves; this process then still has to stop PostgreSQL.
  process.on('SIGINT', () => {})
  const server = suite.database && !process.env.COLONIES_TEST_DB_HOST ? await startDatabase() : undefined
  try {
    const { code } = await runNode(
      [
        '--test',
        '--enable-source-maps',
        `--test-concurrency=${suite.atOnce}`,
        `--test-timeout=${suite.minutesMax * 60_000}`,
        `--test-reporter=${join(root, 'scripts', 'test-reporter.mjs')}`,
        '--test-reporter-destination=stdout',
        ...files.map(compiled),
      ],
      { env: { ...process.env, ...server?.env, ...suite.env }, show: true },
    )
    process.exitCode = code
  } finally {
    await server?.stop()
  }
}

async function startDatabase() {
  const entry = '../packages/testkit/dist/index.js' // by path: scripts have no package.json that could declare it
  const { startTestServer } = /** @type {typeof import('@colonies/testkit')} */ (await import(entry))
  return startTestServer()
}

function ofPackages() {
  return [...below('packages'), ...below('executors')]
}

function ofScripts() {
  return filesBelow(join(root, 'scripts'), /\.test\.mjs$/)
}

/** Sources, not what was compiled: tests that were removed leave their output behind. @param {string} folder */
function below(folder) {
  return filesBelow(join(root, folder), /\.test\.ts$/)
}

/** @param {string} file @param {string[]} folders of tests/ */
function inFolders(file, folders) {
  return folders.includes(relative(join(root, 'tests'), file).split(sep)[0] ?? '')
}

/** Needs no PostgreSQL. @param {string} file */
function isFast(file) {
  const [, name = ''] = relative(root, file).split(sep)
  return runAnywhere.has(name) && !readFileSync(file, 'utf8').includes("from '@colonies/testkit'")
}

/** Where the compiler puts a test. @param {string} file */
function compiled(file) {
  if (file.endsWith('.mjs')) return file
  const script = file.replace(/\.ts$/, '.js')
  const [top = '', name = '', ...rest] = relative(root, script).split(sep)
  const inPackage = existsSync(join(root, top, name, 'package.json'))
  return inPackage ? join(root, top, name, 'dist', ...rest.slice(1)) : join(root, 'dist-tests', top, name, ...rest)
}
