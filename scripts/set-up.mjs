import { closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { root } from './source-files.mjs'
import { run, runNode, shown } from './steps.mjs'

// Makes a clone ready: packages installed, sources compiled. Runs before `npm start` and `npm test`, needs nothing but
// Node and npm, and takes 0.2 s when there is nothing to do.
//
// Parameters: the projects to compile, such as packages/cli; all when there are none.

const lockFile = join(root, '.set-up.lock')
const lockSecondsMax = 600

/** What the server gives to browsers, and the packages in it. */
const bundle = 'packages/client/dist/colonies.browser.js'
const bundled = ['protocol', 'identity', 'core', 'client', 'executor']

/** What the compiler says about its way, beside what is wrong. */
const progress = /^$|^[\d:]+ ([AP]M )?- (Projects? |Building |Updating |Skipping )|^ {4}\* /

await main()

async function main() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(`Colonies needs Node 20.19 or newer; this is ${process.versions.node}. Install a newer one from nodejs.org.`)
  }
  await lock()
  process.once('exit', unlock)
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

  if (modifiedMs('node_modules/.package-lock.json') < modifiedMs('package-lock.json')) {
    await step('install packages', npm('ci'))
  }
  await step('compile', compile(process.argv.slice(2)))
  if (bundled.some((name) => modifiedMs(bundle) < modifiedMs(`packages/${name}/dist/.tsbuildinfo`))) {
    await step('bundle for browsers', runNode(['packages/client/bundle.mjs']))
  }
}

/**
 * One line for each step; more only when it failed.
 *
 * @param {string} name
 * @param {Promise<import('./steps.mjs').Ended>} work
 */
async function step(name, work) {
  process.stdout.write(`${name} ... `)
  const { code, output, seconds } = await work
  console.log(code === 0 ? shown(seconds) : `failed after ${shown(seconds)}`)
  if (code !== 0) fail(output)
}

/**
 * A minute in a fresh clone: names of what is compiled are printed as it begins.
 *
 * @param {string[]} projects
 */
async function compile(projects) {
  const told = new Set()
  /** @param {string} line */
  const onLine = (line) => {
    const name = projectBegun(line)
    if (name === undefined || told.has(name)) return
    told.add(name)
    process.stdout.write(`${name} `)
  }
  const tsc = ['node_modules/typescript/bin/tsc', '--build', '--verbose', ...projects]
  const ended = await runNode(tsc, { onLine })
  const faults = ended.output.split(/[\r\n]+/).filter((line) => !progress.test(line))
  return { ...ended, output: faults.join('\n') }
}

/** @param {string} line of the compiler @returns {string | undefined} what it begins to compile: `core`, `tests` */
function projectBegun(line) {
  const [, path] = /Building project '(.*)'/.exec(line) ?? []
  if (path === undefined) return undefined
  if (path.includes('test')) return 'tests'
  return path.split('/').at(-2) ?? 'scripts'
}

/**
 * npm tells the scripts that it runs where its program is; on Windows it could not be started by its short name.
 *
 * @param {string} command
 */
function npm(command) {
  const program = process.env.npm_execpath
  return program?.endsWith('npm-cli.js') ? runNode([program, command]) : run('npm', [command])
}

/** Two terminals may start at once: the second waits, and then finds nothing left to do. */
async function lock() {
  for (let waited = 0; !tryLock(); waited++) {
    const holder = Number(readLock())
    if (holder && !isAlive(holder)) {
      rmSync(lockFile, { force: true }) // it was killed
      continue
    }
    if (waited === 10) console.log(`process ${holder} is setting up this clone; waiting for it`)
    if (waited > lockSecondsMax * 10) fail(`Still locked after ${lockSecondsMax} s. Remove ${lockFile} and try again.`)
    await wait(100)
  }
}

function tryLock() {
  try {
    const file = openSync(lockFile, 'wx')
    writeSync(file, String(process.pid))
    closeSync(file)
    return true
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false
    throw error
  }
}

function unlock() {
  if (readLock() === String(process.pid)) rmSync(lockFile, { force: true })
}

function readLock() {
  try {
    return readFileSync(lockFile, 'utf8')
  } catch {
    return ''
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM'
  }
}

/** @param {string} path @returns {number} 0 when there is no such file */
function modifiedMs(path) {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0
}

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(message.trimEnd())
  process.exit(1)
}
