import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The comments of one source of contracts.
 *
 * @typedef {object} SourceComments
 * @property {string} name of the file, without its end
 * @property {string[]} declarations in their order
 * @property {string[]} imports names from other contracts
 * @property {Map<string, string>} about what stands above a declaration, by its name
 * @property {Map<string, string>} fields what stands above a field, by `declaration.field`
 */

/**
 * Reads `/** ... *\/` above declarations and fields. No parser: contracts have one declaration at the beginning of a line and
 * one commented field in a line, as the formatter leaves them.
 *
 * @param {string} name
 * @param {string} text
 * @returns {SourceComments}
 */
export function commentsOf(name, text) {
  /** @type {SourceComments} */
  const found = { name, declarations: [], imports: [], about: new Map(), fields: new Map() }
  let comment = ''
  let declaration = ''
  for (const line of joinComments(text).split('\n')) {
    const [, said] = /^\s*\/\*\* (.+) \*\/$/.exec(line) ?? []
    if (said) {
      comment = said
      continue
    }
    const [, imported] = /^import \{ (.+) \} from '\.\//.exec(line) ?? []
    const [, declared] = /^(?:export )?const (\w+)/.exec(line) ?? []
    const [, field] = /^\s+(\w+)[:,]/.exec(line) ?? []
    if (imported) found.imports.push(...imported.split(', '))
    else if (declared) {
      declaration = declared
      found.declarations.push(declared)
      if (comment) found.about.set(declared, comment)
    } else if (field && comment) {
      found.fields.set(`${declaration}.${field}`, comment)
    }
    comment = ''
  }
  return found
}

/** Comments of several lines become one line. @param {string} text */
function joinComments(text) {
  return text.replaceAll(
    /\/\*\*\n([\s\S]*?)\n?\s*\*\//g,
    (_, inner) => `/** ${inner.replaceAll(/\s*\n?\s*\* ?/g, ' ').trim()} */`,
  )
}

/**
 * Finds what a field means: what stands above it, or above a constant of its file, or imported there, that it is;
 * else what the comments on fields of this name in its file say, if they agree; else those in all files.
 */
export class Meanings {
  /** @param {readonly SourceComments[]} sources */
  constructor(sources) {
    this.sources = sources
  }

  /** @param {string} folder of the contracts */
  static read(folder) {
    const files = readdirSync(folder).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    return new Meanings(files.map((file) => commentsOf(file.slice(0, -3), readFileSync(join(folder, file), 'utf8'))))
  }

  /** @param {string} declaration @returns {SourceComments | undefined} where it is */
  sourceOf(declaration) {
    return this.sources.find(({ declarations }) => declarations.includes(declaration))
  }

  /** @param {string} declaration @returns {string} empty without a comment */
  about(declaration) {
    return this.sourceOf(declaration)?.about.get(declaration) ?? ''
  }

  /**
   * @param {string} declaration the operation or shape
   * @param {string} field
   * @returns {string} empty when nobody has said it
   */
  of(declaration, field) {
    const source = this.sourceOf(declaration)
    return (
      source?.fields.get(`${declaration}.${field}`) ??
      source?.about.get(field) ??
      (source?.imports.includes(field) ? this.about(field) : undefined) ??
      agreed(source ? [source] : [], field) ??
      agreed(this.sources, field) ??
      ''
    )
  }
}

/** @param {readonly SourceComments[]} sources @param {string} field */
function agreed(sources, field) {
  const said = sources.flatMap(({ fields }) => [...fields].filter(([path]) => path.endsWith(`.${field}`)))
  const meanings = new Set(said.map(([, meaning]) => meaning))
  return meanings.size === 1 ? [...meanings][0] : undefined
}
