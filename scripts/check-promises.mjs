import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { SyntaxKind } from 'typescript/unstable/ast'
import * as is from 'typescript/unstable/ast/is'
import { API } from 'typescript/unstable/sync'
import { isMain, root } from './source-files.mjs'

/**
 * Promises that nobody waits for, found with the compiler's own types. Biome has a rule for this, which helps in editors,
 * but cannot follow computed types, such as the methods that the client gets from the contracts, or modules of Node.
 *
 * Waited for, or meant: `await p`, `return p`, `void p`, `p.catch(f)`, `p.then(f, g)`, and what a value is made of.
 *
 * @typedef {import('typescript/unstable/ast').Node} Node
 * @typedef {import('typescript/unstable/sync').Type} Type
 * @typedef {import('typescript/unstable/sync').Project} Project
 */

/** These give promises of their own accord, and node:test waits for them at the end of the file. */
const waitedForByTheRunner = new Set(['test', 'describe', 'it', 'suite', 'before', 'after', 'beforeEach', 'afterEach'])

/**
 * @param {string} folder of a repository with a tsconfig.json that lists its projects
 * @returns {string[]} one sentence for each fault, with file and line
 */
export function checkPromises(folder) {
  const api = new API({ cwd: folder })
  try {
    const projects = api.updateSnapshot({ openProjects: projectFiles(folder) }).getProjects()
    return projects.flatMap((project) => faultsOf(project, folder)).sort()
  } finally {
    api.close()
  }
}

/** @param {string} folder */
function projectFiles(folder) {
  /** @type {{ references: { path: string }[] }} */
  const { references } = JSON.parse(readFileSync(join(folder, 'tsconfig.json'), 'utf8'))
  return references.map(({ path }) => {
    const file = join(folder, path)
    return file.endsWith('.json') ? file : join(file, 'tsconfig.json')
  })
}

/**
 * @param {Project} project
 * @param {string} folder
 */
function faultsOf(project, folder) {
  const isPromise = promiseTest(project)
  return project.rootFiles.flatMap((file) => {
    const source = project.program.getSourceFile(file)
    if (!source) return []
    const dropped = droppedValues(source)
    const types = dropped.length > 0 ? project.checker.getTypeAtLocation(dropped) : []
    return dropped
      .filter((_, index) => isPromise(types[index]))
      .map((node) => {
        const start = node.getStart(source)
        const line = source.text.slice(0, start).split('\n').length
        const code = source.text.slice(start, node.end).split('\n')[0]
        return `${relative(folder, file)}:${line}: nobody waits for "${code}"; await it, or write void and catch`
      })
  })
}

/**
 * Expressions whose value nothing uses, without those that take care of a promise.
 *
 * @param {Node} source
 * @returns {Node[]}
 */
function droppedValues(source) {
  /** @type {Node[]} */
  const found = []
  const visit = (/** @type {Node} */ node) => {
    if (is.isExpressionStatement(node)) found.push(...valuesOf(node.expression))
    node.forEachChild(visit)
  }
  visit(source)
  return found
}

/**
 * What an expression statement may leave behind: `a && b` can be either.
 *
 * @param {Node} node
 * @returns {Node[]}
 */
function valuesOf(node) {
  if (is.isParenthesizedExpression(node)) return valuesOf(node.expression)
  if (is.isConditionalExpression(node)) return [...valuesOf(node.whenTrue), ...valuesOf(node.whenFalse)]
  if (is.isBinaryExpression(node)) {
    const { kind } = node.operatorToken
    const choice = [SyntaxKind.AmpersandAmpersandToken, SyntaxKind.BarBarToken, SyntaxKind.QuestionQuestionToken]
    return choice.includes(kind) ? [...valuesOf(node.left), ...valuesOf(node.right)] : []
  }
  if (is.isAwaitExpression(node) || is.isVoidExpression(node)) return []
  return is.isCallExpression(node) && takesCare(node) ? [] : [node]
}

/**
 * Whether a call handles the failure of the promise that it is made on, or belongs to the test runner.
 *
 * @param {import('typescript/unstable/ast').CallExpression} call
 */
function takesCare({ expression, arguments: given }) {
  if (is.isIdentifier(expression)) return waitedForByTheRunner.has(expression.text)
  if (!is.isPropertyAccessExpression(expression)) return false
  const method = expression.name.text
  if (is.isIdentifier(expression.expression) && waitedForByTheRunner.has(expression.expression.text)) return true
  if (method === 'finally') return valuesOf(expression.expression).length === 0
  return (method === 'catch' && given.length > 0) || (method === 'then' && given.length > 1)
}

/**
 * @param {Project} project
 * @returns {(type: Type | undefined) => boolean}
 */
function promiseTest({ checker }) {
  /** @type {Map<number, boolean>} */
  const known = new Map()
  const isPromise = (/** @type {Type} */ type) => {
    if (type.isUnionType()) return type.getTypes().some(test)
    if (type.isIntrinsicType()) return false
    // Nodes of a workflow have a `then`, too, and are no promises.
    return ['then', 'catch'].every((name) => checker.getPropertyOfType(type, name))
  }
  /** @param {Type | undefined} type */
  const test = (type) => {
    if (!type) return false
    const answer = known.get(type.id) ?? isPromise(type)
    known.set(type.id, answer)
    return answer
  }
  return test
}

if (isMain(import.meta.url)) {
  const faults = checkPromises(root)
  for (const fault of faults) console.log(fault)
  console.log(faults.length ? `${faults.length} faults` : 'every promise is waited for')
  process.exitCode = faults.length ? 1 : 0
}
