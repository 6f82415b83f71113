import { base64ToBytes, bytesToBase64, isBase64 } from '../base64.js'
import { FieldError } from './field-error.js'
import { Char, type Scanner } from './scan.js'

const expected = 'must be text in standard base64 with padding, or a list of integers from 0 to 255'

/** Takes bytes, and gives them as base64: what a server hands on without looking inside. */
export function readBase64(scanner: Scanner): string {
  const text = readText(scanner)
  if (text === undefined) return bytesToBase64(readByteList(scanner))
  if (!isBase64(text)) throw new FieldError(expected)
  return text
}

/** Takes bytes. */
export function readBytes(scanner: Scanner): Uint8Array {
  const text = readText(scanner)
  const bytes = text === undefined ? readByteList(scanner) : base64ToBytes(text)
  if (!bytes) throw new FieldError(expected)
  return bytes
}

/** Line ends are no part of it, as in the original. @returns undefined when a list comes next */
function readText(scanner: Scanner): string | undefined {
  const code = scanner.next()
  if (code === Char.openList) return undefined
  if (code === Char.quote) return scanner.string().replace(/[\r\n]/g, '')
  refuse(scanner)
}

/** Byte by byte, without making an array of numbers: a request has room for millions of them. */
function readByteList(scanner: Scanner): Uint8Array {
  let bytes = new Uint8Array(256)
  let count = 0
  for (let more = scanner.enter(Char.openList); more; more = scanner.more(Char.closeList)) {
    if (count === bytes.length) {
      const grown = new Uint8Array(2 * count)
      grown.set(bytes)
      bytes = grown
    }
    bytes[count++] = readByte(scanner)
  }
  return bytes.subarray(0, count)
}

function readByte(scanner: Scanner): number {
  if (scanner.takeNull()) return 0
  const start = scanner.at
  let value = 0
  for (; scanner.at < start + 3; scanner.at++) {
    const digit = scanner.text.charCodeAt(scanner.at) - Char.zero
    if (!(digit >= 0 && digit <= 9)) break
    value = value * 10 + digit
  }
  const length = scanner.at - start
  const written = length > 1 ? scanner.text.charCodeAt(start) !== Char.zero : length === 1
  if (written && value <= 255 && !isPartOfNumber(scanner.text.charCodeAt(scanner.at))) return value
  scanner.at = start
  refuse(scanner)
}

/** A digit, point or exponent: the number goes on. */
function isPartOfNumber(code: number): boolean {
  return (code >= Char.zero && code <= Char.nine) || code === Char.point || code === Char.e || code === Char.bigE
}

/** Refuses the next value; where there is no value at all, it is the text that is refused. */
function refuse(scanner: Scanner): never {
  scanner.skip()
  throw new FieldError(expected)
}
