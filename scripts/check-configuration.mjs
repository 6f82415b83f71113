import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { filesBelow, isMain, root } from './source-files.mjs'

const page = 'docs/reference/configuration.md'

/** What runs in tests alone has variables of its own, which CONTRIBUTING.md names. */
const forTests = /^packages\/testkit\/|\/testing\/|\.(test|fake)\.ts$/

/** A name in quotes, as a property, or as a key; not a constant that happens to begin like one. */
const variable = /(?:['"`.]((?:COLONIES|BUILD)_[A-Z0-9_]+)\b|\b((?:COLONIES|BUILD)_[A-Z0-9_]+)\??:)/g

/**
 * Compares the variables that the source reads with those that have a row of their own on the page.
 *
 * @param {string} text of the page
 * @param {readonly { path: string, text: string }[]} sources
 * @returns {string[]} one sentence for each fault
 */
export function compareConfiguration(text, sources) {
  const described = new Set([...text.matchAll(/^\| `([A-Z0-9_]+)` \|/gm)].map(([, name = '']) => name))
  /** @type {Map<string, string>} where each was found first */
  const read = new Map()
  for (const { path, text: source } of sources) {
    for (const [, quoted, key] of source.matchAll(variable)) {
      const name = quoted ?? key ?? ''
      if (!read.has(name)) read.set(name, path)
    }
  }
  return [
    ...[...read]
      .filter(([name]) => !described.has(name))
      .map(([name, path]) => `${name} is read in ${path}, and ${page} has no row for it`),
    ...[...described]
      .filter((name) => !read.has(name))
      .map((name) => `${page} has a row for ${name}, and nothing reads it`),
  ]
}

/**
 * A variable that no server knows would be ignored without a word.
 *
 * @param {string} text of the page
 * @param {readonly { path: string, text: string }[]} given what operators copy
 * @returns {string[]} one sentence for each fault
 */
export function unknownVariables(text, given) {
  const described = new Set([...text.matchAll(/^\| `([A-Z0-9_]+)` \|/gm)].map(([, name = '']) => name))
  return given.flatMap(({ path, text: content }) => {
    // One that ends in _ stands for several: COLONIES_DB_*.
    const names = new Set(content.match(/\bCOLONIES_[A-Z0-9_]*[A-Z0-9]\b/g))
    return [...names]
      .filter((name) => !described.has(name))
      .map((name) => `${name} is set in ${path}, and ${page} has no row for it`)
  })
}

if (isMain(import.meta.url)) {
  const paths = filesBelow(join(root, 'packages')).map((path) => relative(root, path).replaceAll('\\', '/'))
  const sources = paths
    .filter((path) => path.includes('/src/') && !forTests.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
  const described = readFileSync(join(root, page), 'utf8')
  const given = filesBelow(join(root, 'deploy'), /./).map((path) => ({
    path: relative(root, path).replaceAll('\\', '/'),
    text: readFileSync(path, 'utf8'),
  }))
  const faults = [...compareConfiguration(described, sources), ...unknownVariables(described, given)]
  for (const fault of faults) console.error(fault)
  if (faults.length === 0) console.log(`${page} names every variable`)
  process.exitCode = faults.length > 0 ? 1 : 0
}
