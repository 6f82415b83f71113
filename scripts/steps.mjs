import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { root } from './source-files.mjs'

/**
 * @typedef {object} Ended
 * @property {number} code exit code; 1 when a signal ended it
 * @property {string} output what it printed, stdout and stderr in order of arrival
 * @property {string} result the last line on stdout
 * @property {number} seconds
 */

/**
 * Runs a command in the root of the repository.
 *
 * @param {string} command
 * @param {string[]} parameters
 * @param {{ env?: Record<string, string | undefined>, show?: boolean, onLine?: (line: string) => void }} [options]
 *   show: print while it runs; onLine: gets each line of stdout when it comes
 * @returns {Promise<Ended>}
 */
export function run(command, parameters, { env = process.env, show = false, onLine } = {}) {
  const started = performance.now()
  return new Promise((resolve, reject) => {
    // The shell may have come through a link, as from /opt/colonies to a release: the compiler believes PWD, while packages are
    // found by their real path, and takes one class for two.
    const inRoot = { cwd: root, env: { ...env, PWD: root } }
    const child = spawn(command, parameters, { ...inRoot, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let result = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
        output += text
        if (stream === child.stdout) result = text.trimEnd().split('\n').at(-1) ?? ''
        if (show) process.stdout.write(text)
      })
    }
    if (onLine) createInterface({ input: child.stdout }).on('line', onLine)
    child.once('error', reject)
    child.once('close', (code) => {
      resolve({ code: code ?? 1, output, result, seconds: (performance.now() - started) / 1000 })
    })
  })
}

/**
 * As `run`, of a script, or of a program in node_modules.
 *
 * @param {string[]} parameters
 * @param {Parameters<typeof run>[2]} [options]
 */
export function runNode(parameters, options) {
  return run(process.execPath, parameters, options)
}

/** @param {number} seconds */
export function shown(seconds) {
  return `${seconds.toFixed(1)} s`
}
