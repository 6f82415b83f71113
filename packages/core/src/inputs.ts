import type { JsonText } from '@colonies/protocol'

/** One JSON list of the items of several, in their order. Works on the text, so no number is read and printed again. */
export function joinOutputs(outputs: readonly JsonText[]): JsonText {
  const items = outputs.map((output) => output.trim().slice(1, -1).trim()).filter((inside) => inside !== '')
  return `[${items.join(',')}]` as JsonText
}
