import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import * as rules from './import-rules.mjs'
import { filesBelow, isMain, root } from './source-files.mjs'

/** Tests, and what they put in the place of a server. */
const forTests = /\.(test|fake)\.ts$|[/\\]src[/\\]testing[/\\]/

const statement = /^(?:import|export)\b(?:[^'"`;=]*?\bfrom\s*|\s*)'([^']+)'/gm
const call =
  /\b(?:import|require(?:\.resolve)?|import\.meta\.resolve|createRequire\(.*?\)(?:\.resolve)?)\(\s*'([^']+)'/g

/**
 * One package, or one folder of code outside of the packages.
 *
 * @typedef {object} Unit
 * @property {string} name
 * @property {string} folder absolute
 * @property {Record<string, string>} declared dependencies by name, as in package.json
 * @property {Record<string, string>} declaredForTests
 * @property {string[] | undefined} mayImport packages of ours; undefined for all
 * @property {boolean} isPackage
 *
 * @typedef {object} Import
 * @property {string} file absolute
 * @property {number} line
 * @property {string} specifier
 */

/**
 * @param {string} folder of the repository
 * @returns {string[]} one sentence for each fault, with file and line where there is one
 */
export function checkImports(folder) {
  const own = readManifest(folder)
  const packages = packageUnits(folder)
  const units = [...packages, ...looseUnits(folder, packages)]
  const faults = units.flatMap((unit) => {
    const imports = filesBelow(unit.folder).flatMap(importsOf)
    return [
      ...imports.flatMap((one) => faultsOfImport(one, unit, own)),
      ...(unit.isPackage ? unusedDependencies(imports, unit) : []),
      ...cycles(imports).map((files) => `import cycle: ${[...files, files[0]].join(' → ')}`),
    ]
  })
  return faults.map((fault) => fault.replaceAll(folder + sep, ''))
}

/**
 * Imports and exports from elsewhere, of types too, and what is resolved by name. Reads text instead of parsing it: the
 * formatter puts each statement at the start of a line, where neither a comment nor SQL in a template looks like one.
 *
 * @param {string} file
 * @returns {Import[]}
 */
export function importsOf(file) {
  const text = readFileSync(file, 'utf8').replace(/\/\*.*?\*\//gs, (comment) => comment.replace(/[^\n]/g, ' '))
  return [...text.matchAll(statement), ...text.matchAll(call)].map((match) => ({
    file,
    line: text.slice(0, match.index).split('\n').length,
    specifier: match[1] ?? '',
  }))
}

/** @param {string} folder @returns {Unit[]} */
function packageUnits(folder) {
  return ['packages', 'executors'].flatMap((parent) =>
    childFolders(join(folder, parent)).map((path) => ({
      name: basename(path),
      folder: path,
      declared: readManifest(path).dependencies ?? {},
      declaredForTests: readManifest(path).devDependencies ?? {},
      mayImport: parent === 'executors' ? rules.executorsMayImport : (rules.mayImport[basename(path)] ?? []),
      isPackage: true,
    })),
  )
}

/**
 * Tests, measurements and examples stand above all packages: what any of them declares is there for these, too.
 *
 * @param {string} folder
 * @param {Unit[]} packages
 * @returns {Unit[]}
 */
function looseUnits(folder, packages) {
  const declared = Object.assign({}, ...packages.map((unit) => ({ ...unit.declared, [`@colonies/${unit.name}`]: '*' })))
  return ['tests', 'bench', 'examples'].map((name) => ({
    name,
    folder: join(folder, name),
    declared,
    declaredForTests: {},
    mayImport: undefined,
    isPackage: false,
  }))
}

/**
 * @param {Import} one
 * @param {Unit} unit
 * @param {Manifest} own package.json of the repository
 * @returns {string[]}
 */
function faultsOfImport({ file, line, specifier }, unit, own) {
  const at = `${file}:${line}: `
  const isTest = forTests.test(file)
  if (specifier.startsWith('.')) return faultsOfRelative({ file, line, specifier }, unit).map((fault) => at + fault)

  const inBrowsers = unit.isPackage && rules.runAnywhere.has(unit.name)
  const forNode = file.startsWith(join(unit.folder, 'src', 'node') + sep)
  if (specifier.startsWith('node:')) {
    if (!inBrowsers || forNode || isTest) return []
    return [`${at}${unit.name} runs in browsers too, so ${specifier} must not be imported`]
  }

  const ours = rules.ownPackage(specifier)
  if (ours?.deep) return [`${at}import '@colonies/${ours.name}' instead of ${specifier}: a package has one entry`]
  if (isTest && ours && rules.testsMayImport.includes(ours.name)) return []
  if (ours && unit.mayImport && !unit.mayImport.includes(ours.name) && ours.name !== unit.name) {
    const allowed = unit.mayImport.join(', ') || 'no other package of ours'
    return [`${at}${unit.name} must not import ${ours.name}; it may import ${allowed}`]
  }
  const name = packageName(specifier)
  if (name in unit.declared || ours?.name === unit.name) return []
  if ((isTest || !unit.isPackage) && (name in unit.declaredForTests || name in (own.devDependencies ?? {}))) return []
  const manifest = unit.isPackage ? join(unit.folder, 'package.json') : 'the package.json of the repository'
  return [`${at}${name} is missing in ${manifest}`]
}

/** @param {Import} one @param {Unit} unit @returns {string[]} */
function faultsOfRelative({ file, specifier }, unit) {
  const target = resolve(dirname(file), specifier)
  const inside = unit.isPackage
    ? target.startsWith(unit.folder + sep)
    : !/[/\\](packages|executors)[/\\]/.test(specifier)
  if (!inside) return [`${specifier} leaves ${unit.name}; import the package by its name`]
  const source = join(unit.folder, 'src')
  const folderOf = (/** @type {string} */ path) => relative(source, path).split(sep)[0] ?? ''
  return rules.folderRules
    .filter((rule) => rule.in === unit.name && rule.from === folderOf(file) && rule.never.includes(folderOf(target)))
    .map((rule) => `${rule.from}/ must not import ${folderOf(target)}/; what both need belongs in a third folder`)
}

/** @param {Import[]} imports @param {Unit} unit @returns {string[]} */
function unusedDependencies(imports, unit) {
  const used = new Set(imports.filter(({ file }) => !forTests.test(file)).map((one) => packageName(one.specifier)))
  return Object.keys(unit.declared)
    .filter((name) => !used.has(name))
    .map((name) => `${join(unit.folder, 'package.json')}: ${name} is a dependency, but nothing in src imports it`)
}

/**
 * Circles of files, each found once. Depth first; a file that is met again while it is still on the path closes one.
 *
 * @param {Import[]} imports of one package
 * @returns {string[][]}
 */
function cycles(imports) {
  /** @type {Map<string, string[]>} */
  const targets = new Map()
  for (const { file, specifier } of imports) {
    if (!specifier.startsWith('.')) continue
    const target = resolve(dirname(file), specifier).replace(/\.js$/, '.ts')
    targets.set(file, [...(targets.get(file) ?? []), target])
  }
  /** @type {string[][]} */
  const found = []
  const done = new Set()
  /** @type {string[]} */
  const path = []
  const visit = (/** @type {string} */ file) => {
    const start = path.indexOf(file)
    if (start >= 0) found.push(path.slice(start))
    if (start >= 0 || done.has(file)) return
    path.push(file)
    for (const target of targets.get(file) ?? []) visit(target)
    path.pop()
    done.add(file)
  }
  for (const file of targets.keys()) visit(file)
  return found
}

/** @param {string} specifier */
function packageName(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/**
 * @typedef {{ dependencies?: Record<string, string>, devDependencies?: Record<string, string> }} Manifest
 * @param {string} folder
 * @returns {Manifest}
 */
function readManifest(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

/** @param {string} folder */
function childFolders(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((path) => existsSync(join(path, 'package.json')))
}

if (isMain(import.meta.url)) {
  const faults = checkImports(root)
  for (const fault of faults) console.log(fault)
  console.log(faults.length ? `${faults.length} faults` : 'imports are in order')
  process.exitCode = faults.length ? 1 : 0
}
