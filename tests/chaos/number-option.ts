export interface NumberRange {
  readonly least: number
  /** Parts are allowed. */
  readonly parts?: boolean
}

/**
 * Reads an option of a command that is a number.
 *
 * @param text undefined where it was left out
 * @throws Error a sentence for whoever typed it
 */
export function numberOption(name: string, text: string, range: NumberRange): number
export function numberOption(name: string, text: string | undefined, range: NumberRange): number | undefined
export function numberOption(
  name: string,
  text: string | undefined,
  { least, parts = false }: NumberRange,
): number | undefined {
  if (text === undefined) return undefined
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!Number.isFinite(value) || value < least || (!parts && !Number.isInteger(value)))
    throw new Error(`--${name} is a ${parts ? '' : 'whole '}number from ${least} on, not "${text}"`)
  return value
}
