import { limits } from '../limits.js'
import { Char, isNumberStart, Scanner } from './scan.js'
import { quote } from './value.js'

/**
 * Writes a JSON text so that texts of the same value become the same text: keys sorted, no blanks, numbers in one form
 * (`1`, `1.0` and `10e-1` are one number, however many digits they have). Of repeated keys the last counts.
 *
 * @throws JsonError also where it nests deeper than `limits.jsonDepthMax`
 */
export function canonicalJson(text: string): string {
  const scanner = new Scanner(text)
  const canonical = write(scanner, 0)
  scanner.end()
  return canonical
}

function write(scanner: Scanner, depth: number): string {
  const code = scanner.next()
  if (code === Char.openObject || code === Char.openList) {
    if (depth === limits.jsonDepthMax) scanner.failDepth()
    return code === Char.openObject ? writeObject(scanner, depth + 1) : writeList(scanner, depth + 1)
  }
  if (code === Char.quote) return quote(scanner.string())
  if (isNumberStart(code)) return writeNumber(scanner)
  return scanner.source()
}

function writeObject(scanner: Scanner, depth: number): string {
  const members = new Map<string, string>()
  for (let more = scanner.enter(Char.openObject); more; more = scanner.more(Char.closeObject)) {
    members.set(scanner.key(), write(scanner, depth))
  }
  const sorted = [...members].sort(([one], [other]) => (one < other ? -1 : 1))
  return `{${sorted.map(([key, value]) => `${quote(key)}:${value}`).join()}}`
}

function writeList(scanner: Scanner, depth: number): string {
  const items: string[] = []
  for (let more = scanner.enter(Char.openList); more; more = scanner.more(Char.closeList)) {
    items.push(write(scanner, depth))
  }
  return `[${items.join()}]`
}

/** Digits of exponents that are added up; greater ones are compared as they are written. */
const exponentLengthMax = 15

/** As sign, digits without zeros at either end, and power of ten. */
function writeNumber(scanner: Scanner): string {
  const start = scanner.at
  scanner.number()
  const source = scanner.text.slice(start, scanner.at)
  const [mantissa = '', exponent = '0'] = source.toLowerCase().split('e')
  const [integer = '', fraction = ''] = mantissa.replace('-', '').split('.')
  const digits = integer + fraction
  const [first, end] = withoutZeros(digits)
  if (first === end) return '0'
  const sign = mantissa.startsWith('-') ? '-' : ''
  if (exponent.length > exponentLengthMax) return source
  const power = Number(exponent) - fraction.length + (digits.length - end)
  return `${sign}${digits.slice(first, end)}${power === 0 ? '' : `e${power}`}`
}

/** @returns where the digits that are not leading or trailing zeros begin and end */
function withoutZeros(digits: string): [first: number, end: number] {
  let first = 0
  let end = digits.length
  while (first < end && digits.charCodeAt(first) === Char.zero) first++
  while (end > first && digits.charCodeAt(end - 1) === Char.zero) end--
  return [first, end]
}
