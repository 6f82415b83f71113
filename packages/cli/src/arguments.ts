import { type JsonValue, parseJson } from '@colonies/protocol'
import { UsageError } from './exit-codes.js'

/** What `function exec` is given beside texts of its own: lists, pairs and JSON, as written on a command line. */

/**
 * Splits texts at commas. A part in double quotes may hold commas, and quotes written twice.
 *
 * @example splitList(['a,b', '"c,d"']) // ['a', 'b', 'c,d']
 */
export function splitList(given: readonly string[]): string[] {
  return given.flatMap((text) => {
    const parts = [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"(?=,|$)|([^,]*))/g)]
    return text === '' ? [] : parts.map(([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain)
  })
}

/** Where a comma begins a new pair: a name follows, then `:` or `=`, but not the `://` of an address. */
const betweenPairs = /,(?=[\w.-]+(?:=|:(?!\/\/)))/
const betweenVariables = /,(?=[A-Za-z_]\w*=)/

/**
 * Reads pairs such as `url=http://a:1/?b=c` or `key:value`: the first `=` or `:` separates. Commas separate pairs where the
 * next one begins, and belong to the value elsewhere.
 *
 * @throws UsageError
 */
export function parsePairs(given: readonly string[]): Record<string, string> {
  return pairsOf(given, betweenPairs, /^([^=:]+)[=:](.*)$/s, '--kwargs takes pairs as key=value')
}

/** Reads environment variables such as `A=1,OPTIONS=x=y`. @throws UsageError */
export function parseVariables(given: readonly string[]): Record<string, string> {
  return pairsOf(given, betweenVariables, /^([^=]+)=(.*)$/s, '--env takes variables as NAME=value')
}

function pairsOf(given: readonly string[], between: RegExp, pair: RegExp, rule: string): Record<string, string> {
  const pairs = given
    .flatMap((text) => text.split(between))
    .map((text) => {
      const [, key, value] = pair.exec(text) ?? []
      if (key === undefined || value === undefined) throw new UsageError(`${rule}; "${text}" is none.`)
      return [key.trim(), value] as const
    })
  return Object.fromEntries(pairs)
}

/** @returns an empty list when nothing was given; @throws UsageError */
export function parseJsonList(text: string, option: string): readonly JsonValue[] {
  const value = parseJsonOption(text, option)
  if (value === undefined) return []
  if (Array.isArray(value)) return value
  throw new UsageError(`${option} takes a JSON array, such as '[1, "two"]'.`)
}

/** @returns an empty object when nothing was given; @throws UsageError */
export function parseJsonObject(text: string, option: string): { readonly [key: string]: JsonValue } {
  const value = parseJsonOption(text, option)
  if (value === undefined) return {}
  if (isObject(value)) return value
  throw new UsageError(`${option} takes a JSON object, such as '{"key": 1}'.`)
}

export function isObject(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseJsonOption(text: string, option: string): JsonValue | undefined {
  if (text === '') return undefined
  try {
    return parseJson(text)
  } catch (error) {
    throw new UsageError(`${option} is no JSON: ${(error as Error).message}`, { cause: error })
  }
}
