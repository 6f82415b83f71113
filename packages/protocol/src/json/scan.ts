import { limits } from '../limits.js'

/** Text that is not JSON (RFC 8259). */
export class JsonError extends Error {
  /** Index of the UTF-16 unit where reading stopped. */
  readonly position: number

  constructor(sentence: string, position: number) {
    super(`${sentence} at position ${position}`)
    this.name = 'JsonError'
    this.position = position
  }
}

/** The characters with a meaning in JSON. A closing bracket is its opening one plus 2. */
export const Char = {
  tab: 0x09,
  lineFeed: 0x0a,
  carriageReturn: 0x0d,
  blank: 0x20,
  quote: 0x22,
  plus: 0x2b,
  comma: 0x2c,
  minus: 0x2d,
  point: 0x2e,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  bigE: 0x45,
  openList: 0x5b,
  backslash: 0x5c,
  closeList: 0x5d,
  e: 0x65,
  f: 0x66,
  n: 0x6e,
  t: 0x74,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const

/** In strings, other code units from here on are surrogates. */
const surrogates = 0xd800
const end = -1

/**
 * Reads JSON text from left to right, checking every character and building nothing by itself. Each method starts at `at`
 * and leaves `at` behind what it took; all throw `JsonError`.
 *
 * Nesting counts from the value that `skip` starts at, so that what was accepted inside of one message is also accepted
 * inside of another, deeper one.
 */
export class Scanner {
  readonly text: string
  at = 0

  constructor(text: string) {
    this.text = text
  }

  /** Steps over blanks. @returns the code unit that comes next, -1 at the end of the text; it is not taken */
  next(): number {
    const { text } = this
    for (let at = this.at; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code > Char.blank || !isBlank(code)) {
        this.at = at
        return code
      }
    }
    this.at = text.length
    return end
  }

  /** Takes an opening bracket. @returns whether an item or key follows; else the closing bracket is taken too */
  enter(open: number): boolean {
    this.take(open)
    if (this.next() !== open + 2) return true
    this.at++
    return false
  }

  /** Takes what follows an item: a comma or the closing bracket. @returns whether it was the comma */
  more(close: number): boolean {
    const code = this.next()
    if (code !== Char.comma && code !== close) this.fail(`expected ',' or '${String.fromCharCode(close)}'`)
    this.at++
    return code === Char.comma
  }

  /** Takes a key and its colon. */
  key(): string {
    const key = this.string()
    this.take(Char.colon)
    return key
  }

  /** Takes a string. @returns it decoded; lone surrogates become U+FFFD */
  string(): string {
    const plain = this.skipString()
    const start = this.stringStart
    if (plain) return this.text.slice(start + 1, this.at - 1)
    return wellFormed(JSON.parse(this.text.slice(start, this.at)) as string)
  }

  /** Takes a number. @returns whether it is written as an integer; its text ends at `at` */
  number(): boolean {
    const { text } = this
    if (this.next() === Char.minus) this.at++
    if (text.charCodeAt(this.at) === Char.zero) this.at++
    else this.digits()
    let integer = true
    if (text.charCodeAt(this.at) === Char.point) {
      this.at++
      this.digits()
      integer = false
    }
    const code = text.charCodeAt(this.at)
    if (code === Char.e || code === Char.bigE) {
      this.at++
      const sign = text.charCodeAt(this.at)
      if (sign === Char.plus || sign === Char.minus) this.at++
      this.digits()
      integer = false
    }
    return integer
  }

  /** Takes `null` if it comes next. */
  takeNull(): boolean {
    if (this.next() !== Char.n) return false
    this.literal('null')
    return true
  }

  /** Takes `true` or `false`. */
  boolean(): boolean {
    const value = this.next() === Char.t
    this.literal(value ? 'true' : 'false')
    return value
  }

  /** Takes any value, without recursion. @returns its source text, without the blanks around it */
  source(): string {
    this.next()
    const start = this.at
    this.skip()
    return this.text.slice(start, this.at)
  }

  /** Takes any value and forgets it, without recursion. */
  skip(): void {
    const closing: number[] = []
    for (;;) {
      const code = this.next()
      if (code === Char.openObject || code === Char.openList) {
        if (closing.length === limits.jsonDepthMax) this.failDepth()
        if (this.enter(code)) {
          closing.push(code + 2)
          if (code === Char.openObject) this.skipKey()
          continue
        }
      } else this.skipScalar(code)
      // A value is over; so are the containers that it was the last one in.
      for (;;) {
        const close = closing.at(-1)
        if (close === undefined) return
        if (this.more(close)) {
          if (close === Char.closeObject) this.skipKey()
          break
        }
        closing.pop()
      }
    }
  }

  /** Makes sure that only blanks are left. */
  end(): void {
    if (this.next() !== end) this.fail('expected nothing after the value')
  }

  /** @param expectation what should stand at `at`, as in `expected a value` */
  fail(expectation: string): never {
    const { text, at } = this
    const found = at < text.length ? `unexpected ${JSON.stringify(text.charAt(at))}` : 'unexpected end of the text'
    throw new JsonError(`${found}, ${expectation}`, at)
  }

  failDepth(): never {
    throw new JsonError(`nested deeper than ${limits.jsonDepthMax} levels`, this.at)
  }

  private stringStart = 0

  /** @returns whether the characters between the quotes are the decoded string */
  private skipString(): boolean {
    if (this.next() !== Char.quote) this.fail('expected a string')
    const { text } = this
    this.stringStart = this.at
    let at = endOfPlain(text, this.at + 1)
    for (let plain = true; ; plain = false) {
      const code = text.charCodeAt(at)
      if (code === Char.quote) {
        this.at = at + 1
        return plain
      }
      if (code === Char.backslash) at = this.endOfEscape(at)
      else if (code >= surrogates) at++
      else this.failAt(at, 'expected the closing quote of a string, or control characters as escapes')
      at = endOfPlain(text, at)
    }
  }

  private endOfEscape(at: number): number {
    const letter = this.text.charAt(at + 1)
    if (letter === 'u') {
      for (let digit = at + 2; digit < at + 6; digit++) {
        if (!isHexDigit(this.text.charCodeAt(digit))) this.failAt(digit, 'expected four hex digits')
      }
      return at + 6
    }
    if (letter === '' || !'"\\/bfnrt'.includes(letter)) {
      this.failAt(at + 1, 'expected one of "\\/bfnrtu after a backslash')
    }
    return at + 2
  }

  private skipKey(): void {
    this.skipString()
    this.take(Char.colon)
  }

  private skipScalar(code: number): void {
    if (code === Char.quote) this.skipString()
    else if (isNumberStart(code)) this.number()
    else if (code === Char.n) this.literal('null')
    else if (code === Char.t || code === Char.f) this.boolean()
    else this.fail('expected a value')
  }

  private literal(word: string): void {
    if (!this.text.startsWith(word, this.at)) this.fail(`expected ${word}`)
    this.at += word.length
  }

  private digits(): void {
    const { text } = this
    let at = this.at
    while (at < text.length && isDigit(text.charCodeAt(at))) at++
    const none = at === this.at
    this.at = at
    if (none) this.fail('expected a digit')
  }

  private take(code: number): void {
    if (this.next() !== code) this.fail(`expected '${String.fromCharCode(code)}'`)
    this.at++
  }

  private failAt(at: number, expectation: string): never {
    this.at = at
    this.fail(expectation)
  }
}

/** Neither quote, backslash, control character nor surrogate. */
const plainRun = /[ !#-[\]-\ud7ff\ue000-\uffff]*/y

/** Measured: on strings of ten characters as fast as a loop over them, on long ones four times as fast. */
function endOfPlain(text: string, start: number): number {
  plainRun.lastIndex = start
  plainRun.test(text)
  return plainRun.lastIndex
}

function isBlank(code: number): boolean {
  return code === Char.blank || code === Char.lineFeed || code === Char.carriageReturn || code === Char.tab
}

export function isNumberStart(code: number): boolean {
  return code === Char.minus || isDigit(code)
}

function isDigit(code: number): boolean {
  return code >= Char.zero && code <= Char.nine
}

function isHexDigit(code: number): boolean {
  const lower = code | 0x20
  return isDigit(code) || (lower >= 0x61 && lower <= 0x66)
}

function wellFormed(text: string): string {
  // With the u flag, halves of a pair are no match.
  return text.replace(/\p{Surrogate}/gu, '\ufffd')
}
