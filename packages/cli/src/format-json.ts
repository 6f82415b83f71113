import { bytesToBase64, encodeJson, type JsonValue } from '@colonies/protocol'

/** Indented JSON, bytes in base64. Integers beyond 2^53 keep all their digits; fields that are undefined are left out. */
export function formatJson(value: unknown, indent = ''): string {
  const inner = `${indent}  `
  if (Array.isArray(value)) {
    return wrap(
      '[]',
      value.map((item) => formatJson(item, inner)),
      indent,
    )
  }
  if (value instanceof Uint8Array) return encodeJson(bytesToBase64(value))
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined)
    return wrap(
      '{}',
      members.map(([key, member]) => `${encodeJson(key)}: ${formatJson(member, inner)}`),
      indent,
    )
  }
  return encodeJson(value as JsonValue)
}

function wrap(brackets: string, parts: readonly string[], indent: string): string {
  if (parts.length === 0) return brackets
  const inner = `\n${indent}  `
  return `${brackets[0]}${inner}${parts.join(`,${inner}`)}\n${indent}${brackets[1]}`
}

/** A value of a user on one line: texts as they are, everything else as JSON. */
export function formatValue(value: JsonValue): string {
  return typeof value === 'string' ? value : encodeJson(value)
}
