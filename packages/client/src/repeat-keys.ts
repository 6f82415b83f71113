import { newId } from '@colonies/identity'
import type { WireOperation } from './wire-operation.js'

/** By these the server knows a request that it has answered already. */
const keys = ['requestid', 'assignid'] as const

type Fields = Record<string, unknown>

/** Whether a request may be sent again although the first may have taken effect. */
export function isRepeatable(operation: WireOperation): boolean {
  return operation.repeatable || hasKey(fieldsOf(operation)) || hasKey(itemFieldsOf(operation))
}

/** Adds the keys that the operation knows, where the caller gave none; in the items of batched operations too. */
export function withRepeatKeys(operation: WireOperation, input: Fields): Fields {
  const filled = fill(fieldsOf(operation), input)
  const items = filled.items
  if (!hasKey(itemFieldsOf(operation)) || !Array.isArray(items)) return filled
  return { ...filled, items: items.map((item: Fields) => fill(itemFieldsOf(operation), item)) }
}

function fill(fields: Fields, input: Fields): Fields {
  const missing = keys.filter((key) => key in fields && !input[key])
  return missing.length === 0 ? input : { ...input, ...Object.fromEntries(missing.map((key) => [key, newId()])) }
}

function hasKey(fields: Fields): boolean {
  return keys.some((key) => key in fields)
}

function fieldsOf(operation: WireOperation): Fields {
  return operation.input.properties
}

function itemFieldsOf(operation: WireOperation): Fields {
  return operation.input.properties.items?.items?.properties ?? {}
}
