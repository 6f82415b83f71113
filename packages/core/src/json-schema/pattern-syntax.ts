/** A regular expression as a tree. */
export type PatternNode =
  | { readonly kind: 'character'; readonly set: CharacterSet }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly options: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly body: PatternNode; readonly min: number; readonly max: number }
  | { readonly kind: 'place'; readonly place: Place }

/** What may be asked of a place between two characters. */
export type Place = 'start' | 'end' | 'word edge' | 'no word edge'

export class PatternError extends Error {
  constructor(sentence: string, options?: { cause?: unknown }) {
    super(sentence, options)
    this.name = 'PatternError'
  }
}

const lengthMax = 1000
const repeatMax = 1000

/**
 * Reads a regular expression of ECMAScript, without what only backtracking can find: references back, and looks ahead
 * and behind. Lazy quantifiers are as others, since only whether there is a match is asked for.
 *
 * @throws PatternError
 */
export function parsePattern(source: string): PatternNode {
  if (source.length > lengthMax) throw new PatternError(`has more than ${lengthMax} characters`)
  return new Parser(source).parse()
}

/** One character of a text is in it, or not. */
export class CharacterSet {
  /** The only character, or how to recognise several. */
  readonly #matcher: number | RegExp
  /** Of ASCII characters: 0 not known yet, 1 in, 2 out. */
  readonly #known = new Uint8Array(128)

  /** @param source of one character, class or escape: matching one character never backtracks */
  constructor(source: string) {
    const literal = [...source].length === 1 && source !== '.' ? source.codePointAt(0) : undefined
    this.#matcher = literal ?? compileSet(source)
  }

  has(code: number): boolean {
    const matcher = this.#matcher
    if (typeof matcher === 'number') return code === matcher
    if (code >= this.#known.length) return matcher.test(String.fromCodePoint(code))
    if (this.#known[code] === 0) this.#known[code] = matcher.test(String.fromCodePoint(code)) ? 1 : 2
    return this.#known[code] === 1
  }
}

function compileSet(source: string): RegExp {
  try {
    return new RegExp(`^${source}$`, 'u')
  } catch (unreadable) {
    // In classes, escapes such as `\_` are allowed without the flag only; there others would mean something else.
    try {
      if (!source.startsWith('[') || /\\(?:[pP]|u\{)/.test(source)) throw unreadable
      return new RegExp(`^${source}$`)
    } catch (error) {
      throw new PatternError(`has "${source}", which stands for no character`, { cause: error })
    }
  }
}

class Parser {
  readonly #source: string
  #at = 0

  constructor(source: string) {
    this.#source = source
  }

  parse(): PatternNode {
    const node = this.#choice()
    if (this.#at < this.#source.length) throw new PatternError('has a closing bracket without an opening one')
    return node
  }

  #choice(): PatternNode {
    const options = [this.#sequence()]
    while (this.#take('|')) options.push(this.#sequence())
    return options.length === 1 && options[0] ? options[0] : { kind: 'choice', options }
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = []
    while (this.#at < this.#source.length && !this.#sees('|') && !this.#sees(')')) {
      parts.push(this.#repeated(this.#atom()))
    }
    return { kind: 'sequence', parts }
  }

  #repeated(body: PatternNode): PatternNode {
    const [quantifier = '', text = ''] = this.#match(/([*+?]|\{\d+(?:,\d*)?\})\??/y)
    if (quantifier === '') return body
    const [min, max] = bounds(text)
    if (min > max) throw new PatternError(`has "${text}", whose bounds are the wrong way round`)
    if (min > repeatMax || (max > repeatMax && max !== Number.POSITIVE_INFINITY))
      throw new PatternError(`has "${text}", which repeats more than ${repeatMax} times`)
    return { kind: 'repeat', body, min, max }
  }

  #atom(): PatternNode {
    const [character = ''] = this.#match(/./suy)
    switch (character) {
      case '(':
        return this.#group()
      case '^':
        return { kind: 'place', place: 'start' }
      case '$':
        return { kind: 'place', place: 'end' }
      case '\\':
        return this.#escape()
      case '[': {
        const [rest = ''] = this.#match(/(?:\\.|[^\\\]])*\]/suy)
        if (rest === '') throw new PatternError('has a "[" without its "]"')
        return characterOf(`[${rest}`)
      }
      case '*':
      case '+':
      case '?':
        throw new PatternError(`has a "${character}" with nothing to repeat`)
      default:
        return characterOf(character)
    }
  }

  #group(): PatternNode {
    const [look = ''] = this.#match(/\?<?[=!]/y)
    if (look !== '') throw new PatternError('looks ahead or behind, which is not supported')
    if (this.#sees('?') && this.#match(/\?(?::|<[\p{L}$_][\p{L}\d$_]*>)/uy).length === 0)
      throw new PatternError('has a group of a kind that is not known')
    const node = this.#choice()
    if (!this.#take(')')) throw new PatternError('has a "(" without its ")"')
    return node
  }

  #escape(): PatternNode {
    if (this.#take('b')) return { kind: 'place', place: 'word edge' }
    if (this.#take('B')) return { kind: 'place', place: 'no word edge' }
    if (this.#match(/[1-9]|k/y).length > 0) throw new PatternError('refers back to a group, which is not supported')
    const [letter = ''] = this.#match(
      /[dDwWsSfnrtv]|0(?!\d)|c[a-zA-Z]|x[\da-fA-F]{2}|u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[\da-fA-F]{4}|u\{[\da-fA-F]{1,6}\}|[pP]\{[\w=]+\}/y,
    )
    if (letter !== '') return characterOf(`\\${letter}`)
    const [other = ''] = this.#match(/[^\p{L}\d]/suy)
    if (other === '') throw new PatternError('has a "\\" before what it gives no meaning to')
    return { kind: 'character', set: new CharacterSet(other === '.' ? '\\.' : other) }
  }

  /** Takes what comes next if it fits. @returns the whole, then the groups; empty when it does not fit */
  #match(expected: RegExp): string[] {
    expected.lastIndex = this.#at
    const found = expected.exec(this.#source)
    this.#at += found?.[0].length ?? 0
    return found ?? []
  }

  #sees(character: string): boolean {
    return this.#source.startsWith(character, this.#at)
  }

  #take(character: string): boolean {
    if (!this.#sees(character)) return false
    this.#at += character.length
    return true
  }
}

function characterOf(source: string): PatternNode {
  return { kind: 'character', set: new CharacterSet(source) }
}

function bounds(quantifier: string): [min: number, max: number] {
  if (quantifier === '*') return [0, Number.POSITIVE_INFINITY]
  if (quantifier === '+') return [1, Number.POSITIVE_INFINITY]
  if (quantifier === '?') return [0, 1]
  const [min = '', max] = quantifier.slice(1, -1).split(',')
  return [Number(min), max === undefined ? Number(min) : max === '' ? Number.POSITIVE_INFINITY : Number(max)]
}
