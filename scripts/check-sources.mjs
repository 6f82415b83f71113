import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isMain, root } from './source-files.mjs'

const linesMax = 400

/**
 * What neither compiler nor linter look at, in text.
 *
 * @typedef {object} Rule
 * @property {RegExp} files whose path, from the root, matches
 * @property {(text: string) => Fault[]} find
 *
 * @typedef {object} Fault
 * @property {number} line counted from 1
 * @property {string} says with the way out
 */

/** @type {Rule[]} */
const rules = [
  { files: /\.(ts|mjs|sql|css|html)$/, find: tooLong },
  { files: /\.(test|fake)\.ts$|^tests\/.*\.ts$/, find: sleeps },
  // The patterns themselves stand in this file and in its test.
  { files: /^(?!scripts\/check-sources\.).*(?<!\.(png|ico|woff2|jsonl))$/, find: namesOfMachines },
]

/**
 * @param {string} path from the root of the repository
 * @param {string} text
 * @returns {string[]} one sentence for each fault, with file and line
 */
export function checkSource(path, text) {
  return rules
    .filter(({ files }) => files.test(path))
    .flatMap(({ find }) => find(text))
    .map(({ line, says }) => `${path}:${line}: ${says}`)
}

/** @param {string} text @returns {Fault[]} */
function tooLong(text) {
  const lines = text.trimEnd().split('\n')
  const reason = lines.slice(0, 5).some((line) => /^(\/\/|--|\/?\*|<!--).*\b400 lines\b/.test(line.trim()))
  if (lines.length <= linesMax || reason) return []
  const says = `${lines.length} lines; find the seam, or begin the file with a comment "Over 400 lines: why"`
  return [{ line: linesMax + 1, says }]
}

/**
 * Waiting for a time in place of an event. A timer that fails a test is none; one that has to be says why: `// sleeps: why`.
 *
 * @param {string} text
 * @returns {Fault[]}
 */
function sleeps(text) {
  const timer = /setTimeout\(\s*(?:resolve|done|r|res)\b|\bimport\b.*\bsetTimeout\b.*'node:timers\/promises'/
  // The call of a function of that name, not a method such as that of a socket, nor where it is defined.
  const call = /(?<![.#\w])(?<!async )(?:sleep|pause)\((?!\w+\??: )/
  const says = 'tests never sleep: wait for the event, with a limit that fails (or give the reason: // sleeps: why)'
  const lines = text.split('\n')
  return lines.flatMap((line, index) => {
    const excused = `${lines[index - 1]} ${line}`.includes('// sleeps: ')
    return (timer.test(line) || call.test(line)) && !excused ? [{ line: index + 1, says }] : []
  })
}

/**
 * Where somebody has worked on this, and where their packages came from, is of no use to others.
 *
 * @param {string} text
 * @returns {Fault[]}
 */
function namesOfMachines(text) {
  const path = /(?<![\w.])\/(?:work|home|Users)\/\w+/
  const host =
    /registry\.npmjs\.org|registry\.yarnpkg|pypi\.org\/simple|files\.pythonhosted|(?:index|static)\.crates\.io|proxy\.golang\.org/
  const inside = /https?:\/\/(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|[\w.-]+\.(?:internal|corp|lan)\b)/
  return text.split('\n').flatMap((line, index) => {
    const found = [path, host, inside].map((pattern) => pattern.exec(line)?.[0]).find(Boolean)
    return found ? [{ line: index + 1, says: `"${found}" means nothing on other machines` }] : []
  })
}

/**
 * Two that were written side by side may have taken the same number, and each lands without a conflict.
 *
 * @param {readonly string[]} paths
 * @returns {string[]}
 */
export function sameNumbers(paths) {
  const numbered = paths.filter((path) => /^(packages\/database\/migrations|docs\/decisions)\/\d{4}-/.test(path))
  /** @type {Map<string, string>} */
  const first = new Map()
  return numbered.flatMap((path) => {
    const number = path.replace(/(\d{4})-[^/]*$/, '$1')
    const other = first.get(number)
    if (other === undefined) first.set(number, path)
    return other === undefined ? [] : [`${path}: ${other} has the same number; take the next free one`]
  })
}

if (isMain(import.meta.url)) {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  const paths = listed
    .split('\n')
    .filter((path) => path && existsSync(join(root, path)) && !/(^|\/)vectors\//.test(path))
  const files = paths.filter((path) => statSync(join(root, path)).isFile())
  const faults = [
    ...sameNumbers(files),
    ...files.flatMap((path) => checkSource(path, readFileSync(join(root, path), 'utf8'))),
  ]
  for (const fault of faults) console.log(fault)
  console.log(faults.length ? `${faults.length} faults` : `${files.length} files are in order`)
  process.exitCode = faults.length ? 1 : 0
}
